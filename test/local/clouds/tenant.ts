import type { Ledger } from "../../../local/clouds/ledger";
import { SimulatedClouds } from "../../../local/clouds";
import type { DiffResult, Provider } from "../../../local/protocol/provider";
import type { PropertyMap, PropertyValue } from "../../../local/protocol/property";

/** A thing that a test made. */
export interface Made {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

/** A configured provider, used as an engine uses it: Check before everything, its failures thrown. */
export class Tenant {
  private constructor(
    readonly provider: Provider,
    readonly ledger: Ledger,
  ) {}

  static async of(pkg: string, config: PropertyMap, clouds = new SimulatedClouds()): Promise<Tenant> {
    return Tenant.over(await clouds.open(pkg), clouds.ledger, config);
  }

  static async over(provider: Provider, ledger: Ledger, config: PropertyMap = {}): Promise<Tenant> {
    const { inputs, failures } = await provider.checkConfig({ urn: "", olds: {}, news: config });
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
    await provider.configure(inputs);
    return new Tenant(provider, ledger);
  }

  async check(type: string, name: string, news: PropertyMap, olds: PropertyMap = {}): Promise<PropertyMap> {
    const { inputs, failures } = await this.provider.check({ urn: urn(type, name), olds, news });
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
    return inputs;
  }

  async create(type: string, name: string, news: PropertyMap): Promise<Made> {
    const inputs = await this.check(type, name, news);
    const { id, properties } = await this.provider.create({
      urn: urn(type, name),
      properties: inputs,
      preview: false,
      timeout: 0,
    });
    return { type, name, id, inputs, outputs: properties };
  }

  async diff(made: Made, news: PropertyMap, ignoreChanges: readonly string[] = []): Promise<DiffResult> {
    const inputs = await this.check(made.type, made.name, news, made.inputs);
    const { id, outputs, inputs: oldInputs } = made;
    return this.provider.diff({
      urn: urn(made.type, made.name),
      id,
      olds: outputs,
      oldInputs,
      news: inputs,
      ignoreChanges,
    });
  }

  async update(made: Made, news: PropertyMap): Promise<Made> {
    const inputs = await this.check(made.type, made.name, news, made.inputs);
    const outputs = await this.provider.update({
      urn: urn(made.type, made.name),
      id: made.id,
      olds: made.outputs,
      oldInputs: made.inputs,
      news: inputs,
      preview: false,
      timeout: 0,
      ignoreChanges: [],
    });
    return { ...made, inputs, outputs };
  }

  async delete({ type, name, id, inputs, outputs }: Made): Promise<void> {
    await this.provider.delete({ urn: urn(type, name), id, properties: outputs, oldInputs: inputs, timeout: 0 });
  }

  /** What is in the ledger, as `type id`. */
  things(): string[] {
    return this.ledger.list().map(({ type, id }) => `${type} ${id}`);
  }
}

export function urn(type: string, name: string): string {
  return `urn:pulumi:test::clouds::${type}::${name}`;
}

/** The message of the error that a promise rejects with. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("it was not refused");
}

/** An IAM trust policy for a service. */
export function trust(service: string): PropertyValue {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

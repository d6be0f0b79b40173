import { equals, Secret, Unknown, unwrapSecrets, type PropertyMap } from "../../protocol/property";
import {
  LOOKUP,
  ProviderError,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type CreateResult,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type InvokeRequest,
  type InvokeResult,
  type Provider,
  type ReadRequest,
  type ReadResult,
  type UpdateRequest,
} from "../../protocol/provider";
import { urnType } from "../../protocol/urn";
import { diffProperties } from "../diff";
import type { Ledger } from "../ledger";
import { textAt, valueAt } from "../paths";
import { anything, checkProperties, nearest, type Properties } from "../schema";
import { outputsOf, renewalTime, RESOURCES, type TlsResource } from "./resources";

const CONFIG: Properties = { proxy: anything(), version: anything(), pluginDownloadURL: anything() };

/**
 * The `tls` package: real keys and certificates, made on this machine.
 *
 * They exist nowhere but in the state; the ledger keeps them nevertheless, so that ledger and state can be compared. Their
 * scope in the ledger is the URN that they were made for, since nothing else tells two equal keys apart.
 */
export class TlsProvider implements Provider {
  private readonly ledger: Ledger;
  private readonly now: () => Date;

  /** @param options.now Clock of the certificates' validity. Default: the machine's. */
  constructor({ ledger, now = () => new Date() }: { readonly ledger: Ledger; readonly now?: () => Date }) {
    this.ledger = ledger;
    this.now = now;
  }

  async checkConfig({ news }: CheckRequest): Promise<CheckResult> {
    return checkProperties(CONFIG, news, "the tls provider");
  }

  async diffConfig({ oldInputs, news }: DiffRequest): Promise<DiffResult> {
    return diffProperties(CONFIG, oldInputs, news);
  }

  async configure(): Promise<void> {}

  async check({ urn, news }: CheckRequest): Promise<CheckResult> {
    const resource = resourceOf(urnType(urn));
    const checked = checkProperties(resource.properties, news, urnType(urn));
    const failures = [...checked.failures, ...(resource.check?.(checked.inputs) ?? [])];
    return { inputs: sealKeys(resource, checked.inputs), failures };
  }

  /** All but `earlyRenewalHours` replaces, and so does a certificate whose time to renew has come. */
  async diff({ urn, olds, oldInputs, news, ignoreChanges }: DiffRequest): Promise<DiffResult> {
    const resource = resourceOf(urnType(urn));
    const diff = diffProperties(resource.properties, withoutWriteOnly(oldInputs), withoutWriteOnly(news), {
      ignoreChanges,
    });
    const renewal = renewalTime(olds, valueAt(news, "earlyRenewalHours"));
    if (renewal === undefined || renewal > this.now()) return diff;
    return {
      ...diff,
      changes: "some",
      diffs: [...diff.diffs, "readyForRenewal"],
      replaces: [...diff.replaces, "readyForRenewal"],
      detailedDiff: { ...diff.detailedDiff, readyForRenewal: { kind: "update-replace", inputDiff: false } },
    };
  }

  async create({ urn, properties: inputs, preview }: CreateRequest): Promise<CreateResult> {
    const resource = resourceOf(urnType(urn));
    if (preview) return { id: "", properties: outputsOf(resource, inputs, unknown(resource)) };
    const { id, computed } = await resource.make(unwrapSecrets(inputs) as PropertyMap, this.now());
    const outputs = outputsOf(resource, inputs, computed);
    this.ledger.put({ type: urnType(urn), id, scope: urn, inputs, outputs });
    return { id, properties: outputs };
  }

  async read({ urn, id }: ReadRequest): Promise<ReadResult | null> {
    const entry = this.find(urnType(urn), id);
    return entry === undefined ? null : { id, properties: entry.outputs, inputs: entry.inputs };
  }

  async update({ urn, id, olds, news, preview }: UpdateRequest): Promise<PropertyMap> {
    const resource = resourceOf(urnType(urn));
    const computed = Object.fromEntries(resource.computed.map((name) => [name, olds[name] ?? null]));
    const outputs = outputsOf(resource, news, computed);
    if (preview) return outputs;
    const entry = this.find(urnType(urn), id);
    this.ledger.put({ type: urnType(urn), id, scope: entry?.scope ?? urn, inputs: news, outputs });
    return outputs;
  }

  async delete({ urn, id }: DeleteRequest): Promise<void> {
    const entry = this.find(urnType(urn), id);
    if (entry !== undefined) this.ledger.remove(entry.type, entry.id, entry.scope);
  }

  /** Serves `isthmus:local:lookup {type, inputs, urn}`: the id of what was made for that URN with those inputs. */
  async invoke({ token, args }: InvokeRequest): Promise<InvokeResult> {
    if (token !== LOOKUP) throw new ProviderError(`the simulated tls provider has no function ${token}`);
    const urn = textAt(args, "urn");
    const inputs = unwrapSecrets(args.inputs ?? {});
    const found = this.ledger
      .list(textAt(args, "type") ?? "")
      .filter((entry) => entry.scope === urn && equals(unwrapSecrets(entry.inputs), inputs));
    return { properties: found.length === 1 && found[0] !== undefined ? { id: found[0].id } : {}, failures: [] };
  }

  async close(): Promise<void> {}

  /** Ids are digests and serial numbers, unique without the scope; an aliased resource has another URN than its entry. */
  private find(type: string, id: string): ReturnType<Ledger["get"]> {
    return this.ledger.list(type).find((entry) => entry.id === id);
  }
}

function resourceOf(type: string): TlsResource {
  const resource = RESOURCES[type];
  if (resource !== undefined) return resource;
  const near = nearest(type, Object.keys(RESOURCES));
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  throw new ProviderError(
    `the simulated tls has no model of ${type}; it has ${Object.keys(RESOURCES).join(", ")}. Models live in local/clouds/tls/resources.ts.${hint}`,
  );
}

function unknown(resource: TlsResource): PropertyMap {
  return Object.fromEntries(resource.computed.map((name) => [name, Unknown.value]));
}

/** Write-only keys are compared by their version alone. */
function withoutWriteOnly(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.endsWith("PemWo")));
}

/** Keys are secret whatever the program said. */
function sealKeys(resource: TlsResource, inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => {
      const secret = resource.secrets.includes(name) || name.endsWith("PemWo");
      return [name, secret && !(value instanceof Secret) ? new Secret(value) : value];
    }),
  );
}

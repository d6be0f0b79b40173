import {
  AnswerLost,
  InitializationFailed,
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
  type ProviderHost,
  type ReadRequest,
  type ReadResult,
  type UpdateRequest,
} from "../../protocol/provider";
import type { PropertyMap } from "../../protocol/property";
import { urnName, urnType } from "../../protocol/urn";
import { VirtualClock } from "../clock";
import { strikes, type Fault, type FaultyOperation, type Operation } from "./fault";
import { mannersOf } from "./providers";

/** Clouds in which things go wrong as they are told to: whatever host is behind them, both engines meet the same faults. */
export class FaultyClouds implements ProviderHost {
  /** Answers of reads from before the last change that these clouds saw, by type and id. */
  readonly past = new Map<string, ReadResult | null>();
  readonly clock: VirtualClock;
  private readonly waiting: Fault[];
  private readonly onFault: (fault: Fault, operation: Operation) => void;
  private readonly onOperation: (operation: Operation) => void;
  /** Tells that an operation will never be answered. */
  readonly onHang: () => void;
  private steps = 0;

  constructor(
    private readonly inner: ProviderHost,
    options: {
      /** What goes wrong, each once. */
      readonly faults?: readonly Fault[];
      /** Where the time goes that providers lose. Default: a clock of its own. */
      readonly clock?: VirtualClock;
      /** Called when a fault strikes. */
      readonly onFault?: (fault: Fault, operation: Operation) => void;
      /** Called for every operation that a fault could strike, before it starts. */
      readonly onOperation?: (operation: Operation) => void;
      /** Called when an operation hangs that nothing will ever end. */
      readonly onHang?: () => void;
    } = {},
  ) {
    this.waiting = [...(options.faults ?? [])];
    this.clock = options.clock ?? new VirtualClock();
    this.onFault = options.onFault ?? (() => {});
    this.onOperation = options.onOperation ?? (() => {});
    this.onHang = options.onHang ?? (() => {});
  }

  async open(pkg: string): Promise<Provider> {
    return new FaultyProvider(await this.inner.open(pkg), pkg, this);
  }

  /** Lets more go wrong, and counts steps anew: for the next run on the same clouds. */
  arm(faults: readonly Fault[]): void {
    this.waiting.splice(0, this.waiting.length, ...faults);
    this.steps = 0;
  }

  /** Faults that have struck nothing yet. */
  unmet(): readonly Fault[] {
    return [...this.waiting];
  }

  /** An operation starts: the fault that strikes it. */
  meet(operation: FaultyOperation, type: string, name: string): Fault | undefined {
    const computes = operation === "check" || operation === "diff";
    const met: Operation = { operation, type, name, ...(computes ? {} : { step: ++this.steps }) };
    this.onOperation(met);
    const index = this.waiting.findIndex((fault) => strikes(fault, met));
    if (index < 0) return undefined;
    const [fault] = this.waiting.splice(index, 1);
    if (fault !== undefined) this.onFault(fault, met);
    return fault;
  }
}

/** What an operation is about. */
interface Subject {
  readonly operation: FaultyOperation;
  /** Empty for `invoke`. */
  readonly urn: string;
  readonly type: string;
  /** Seconds of the custom timeout; zero for none. */
  readonly timeout: number;
}

/** An operation that a fault may strike. */
interface Call<T> extends Subject {
  readonly run: () => Promise<T>;
  /** What the provider answers when it knows what it has made but not that it is ready. */
  readonly unready?: (made: T, reason: string) => Error;
  /** What the world was like before. */
  readonly before?: () => T;
}

class FaultyProvider implements Provider {
  private crashed = false;

  constructor(
    private readonly inner: Provider,
    private readonly pkg: string,
    private readonly clouds: FaultyClouds,
  ) {}

  checkConfig(request: CheckRequest): Promise<CheckResult> {
    return this.inner.checkConfig(request);
  }

  diffConfig(request: DiffRequest): Promise<DiffResult> {
    return this.inner.diffConfig(request);
  }

  configure(args: PropertyMap): Promise<void> {
    return this.inner.configure(args);
  }

  check(request: CheckRequest): Promise<CheckResult> {
    return this.perform(this.about("check", request, () => this.inner.check(request)));
  }

  diff(request: DiffRequest): Promise<DiffResult> {
    return this.perform(this.about("diff", request, () => this.inner.diff(request)));
  }

  create(request: CreateRequest): Promise<CreateResult> {
    if (request.preview) return this.inner.create(request);
    const { urn, properties: inputs, timeout } = request;
    const run = async (): Promise<CreateResult> => {
      const made = await this.inner.create(request);
      this.clouds.past.set(pastKey(urn, made.id), null);
      return made;
    };
    return this.perform({
      ...this.about("create", { urn }, run),
      timeout,
      unready: ({ id, properties }, reason) => new InitializationFailed(id, properties, inputs, [reason]),
    });
  }

  read(request: ReadRequest): Promise<ReadResult | null> {
    const before = (): ReadResult | null => this.clouds.past.get(pastKey(request.urn, request.id)) ?? null;
    return this.perform({ ...this.about("read", request, () => this.inner.read(request)), before });
  }

  update(request: UpdateRequest): Promise<PropertyMap> {
    if (request.preview) return this.inner.update(request);
    const { urn, id, olds: properties, oldInputs: inputs, timeout } = request;
    const run = async (): Promise<PropertyMap> => {
      const outputs = await this.inner.update(request);
      this.clouds.past.set(pastKey(urn, id), { id, properties, inputs });
      return outputs;
    };
    return this.perform({ ...this.about("update", request, run), timeout });
  }

  delete(request: DeleteRequest): Promise<void> {
    const { urn, id, properties, oldInputs: inputs, timeout } = request;
    const run = async (): Promise<void> => {
      await this.inner.delete(request);
      this.clouds.past.set(pastKey(urn, id), { id, properties, inputs });
    };
    return this.perform({ ...this.about("delete", request, run), timeout });
  }

  invoke(request: InvokeRequest): Promise<InvokeResult> {
    const run = (): Promise<InvokeResult> => this.inner.invoke(request);
    return this.perform({ operation: "invoke", urn: "", type: request.token, timeout: 0, run });
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private about<T>(operation: FaultyOperation, { urn }: { readonly urn: string }, run: () => Promise<T>): Call<T> {
    return { operation, urn, type: urnType(urn), timeout: 0, run };
  }

  private perform<T>(call: Call<T>): Promise<T> {
    if (this.crashed) return Promise.reject(this.gone());
    const fault = this.clouds.meet(call.operation, call.type, call.urn === "" ? "" : urnName(call.urn));
    return fault === undefined ? call.run() : this.fail(fault, call);
  }

  private async fail<T>(fault: Fault, call: Call<T>): Promise<T> {
    const { internalError, settles } = mannersOf(this.pkg);
    switch (fault.kind) {
      case "error":
        throw new ProviderError(`${doing(call)}: ${internalError}`);
      case "throttle":
        return this.throttle(call, fault.times);
      case "partial-create":
        throw unready(call, await call.run(), "it was created but did not become ready: its state is Failed");
      case "timeout":
        return this.giveUp(call);
      case "hang":
        if (call.timeout > 0) return this.giveUp(call);
        await call.run();
        this.clouds.onHang();
        return new Promise<T>(() => {});
      case "crash":
        this.crashed = true;
        throw this.gone();
      case "lost-response":
        await call.run();
        throw new AnswerLost(`${doing(call)}: the connection to the provider ${this.pkg} broke before its answer came`);
      case "stale-read":
        if (call.before !== undefined) return call.before();
        this.spend(call, settles);
        return call.run();
    }
  }

  /** The provider tries again by itself, as long as it does on the real cloud. */
  private throttle<T>(call: Call<T>, times: number): Promise<T> {
    const { attempts, pause, tooManyRequests } = mannersOf(this.pkg);
    const failed = Math.min(times, attempts);
    for (let attempt = 1; attempt <= failed && attempt < attempts; attempt++) this.spend(call, pause(attempt));
    if (times >= attempts) throw new ProviderError(`${doing(call)}: ${tooManyRequests}`);
    return call.run();
  }

  /** The cloud does what it was asked for, but the provider has stopped waiting. */
  private async giveUp<T>(call: Call<T>): Promise<T> {
    const seconds = call.timeout > 0 ? call.timeout : mannersOf(this.pkg).timeout;
    const made = await call.run();
    this.spend(call, seconds);
    throw unready(call, made, `timeout while waiting: not ready after ${seconds} s`);
  }

  private spend({ operation, urn }: Subject, seconds: number): void {
    if (operation === "create" || operation === "update" || operation === "delete")
      this.clouds.clock.spend(urn, operation, seconds);
  }

  private gone(): AnswerLost {
    return new AnswerLost(`the provider ${this.pkg} has ended unexpectedly: its process is not there any more`);
  }
}

function unready<T>(call: Call<T>, made: T, reason: string): Error {
  const sentence = `${doing(call)}: ${reason}`;
  return call.unready?.(made, sentence) ?? new ProviderError(sentence);
}

function doing({ operation, urn, type }: Subject): string {
  const words = { check: "checking", diff: "comparing", invoke: "calling", read: "reading" } as const;
  const verb = operation in words ? words[operation as keyof typeof words] : `${operation.slice(0, -1)}ing`;
  return urn === "" ? `${verb} ${type}` : `${verb} ${type} ${urnName(urn)}`;
}

function pastKey(urn: string, id: string): string {
  return `${urnType(urn)} ${id}`;
}

import type { PropertyMap } from "../protocol/property";

/** A resource as the state holds it: the fields of Pulumi's `ResourceV3` (apitype/core.go). */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  /** The old copy of a replaced resource, not deleted yet. */
  readonly delete?: boolean;
  readonly id?: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly external?: boolean;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** `<provider urn>::<provider id>`, empty for components and providers. */
  readonly provider?: string;
  readonly pendingReplacement?: boolean;
  readonly initErrors?: readonly string[];
  readonly additionalSecretOutputs?: readonly string[];
  /** Seconds by operation. */
  readonly customTimeouts?: { readonly create?: number; readonly update?: number; readonly delete?: number };
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: string;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
  /** Names of hooks of the program, by when they are called: `BeforeCreate`, `AfterDelete`, `OnError` and so on. */
  readonly resourceHooks?: Readonly<Record<string, readonly string[]>>;
  readonly created?: string;
  readonly modified?: string;
}

export interface PendingOperation {
  readonly type: "creating" | "updating" | "deleting" | "reading";
  readonly resource: ResourceState;
}

/** A stack's last known state, decrypted. */
export interface Snapshot {
  readonly resources: readonly ResourceState[];
  readonly pending: readonly PendingOperation[];
}

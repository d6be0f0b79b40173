import * as pulumi from "@pulumi/pulumi";

import type { Providers } from "../providers";
import { BlobStore } from "./blob-store";
import type { MirroredBucketPlan, StorePlan } from "./plan";
import { S3Store } from "./s3-store";
import type { ObjectStore } from "./store";

export interface MirroredBucketArgs {
  readonly plan: MirroredBucketPlan;
  readonly providers: Providers;
}

/** Both sides of a mirrored bucket. Who may use them is `WorkloadIdentity`'s; what keeps them equal is `Mover`'s. */
export class MirroredBucket extends pulumi.ComponentResource {
  readonly primary: ObjectStore;
  readonly replica: ObjectStore;

  constructor(name: string, args: MirroredBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("isthmus:storage:MirroredBucket", name, { rpo: args.plan.rpo, retainDays: args.plan.retainDays }, opts);
    this.primary = this.createStore(`${name}-primary`, args.plan.primary, args);
    this.replica = this.createStore(`${name}-replica`, args.plan.replica, args);
    this.registerOutputs({ primary: this.primary.url, replica: this.replica.url });
  }

  private createStore(name: string, store: StorePlan, { plan, providers }: MirroredBucketArgs): ObjectStore {
    const { retainDays, protect, waived } = plan;
    const common = { retainDays, protect, waived };
    return store.kind === "s3"
      ? new S3Store(name, { ...common, plan: store, provider: providers.aws(store.region) }, { parent: this })
      : new BlobStore(name, { ...common, plan: store, provider: providers.azure() }, { parent: this });
  }
}

import type * as pulumi from "@pulumi/pulumi";

/** One side of a mirrored bucket, whichever cloud it is in: what identity needs to grant access to it. */
export interface ObjectStore {
  /** Where applications find it, e.g. `s3://name` or `https://account.blob.core.windows.net/container`. */
  readonly url: string;
  readonly target: GrantTarget;
}

/** What an identity can be given access to. */
export type GrantTarget =
  | { readonly cloud: "aws"; readonly bucketArn: pulumi.Output<string>; readonly region: string }
  | {
      readonly cloud: "azure";
      /** ARM id of the container: the scope of a role assignment. */
      readonly containerId: pulumi.Output<string>;
      readonly resourceGroupName: pulumi.Output<string>;
      readonly location: string;
      readonly subscriptionId: string;
    };

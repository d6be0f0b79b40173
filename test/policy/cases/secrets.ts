import { SecretValue, UNKNOWN } from "../../../policy";
import { fail, undetermined, type Case } from "./case";
import { AKS, aks } from "./clusters";
import { POD, pod, pods, privileged } from "./pods";
import { CONTAINER } from "./storage";
import { noAudience, noSubject, ROLE, trust, web } from "./trust";

/** Only the embedded engine tells rules what is secret. */
export const secretCases: readonly Case[] = [
  {
    title: "a secret that fails is not quoted",
    type: CONTAINER,
    properties: { publicAccess: new SecretValue("Blob") },
    expected: [
      fail(
        'publicAccess: found [secret], allowed: "None". Remove it, and give the reader\'s identity a role on the container.',
      ),
    ],
  },
  {
    title: "what lies in a secret is secret",
    type: AKS,
    properties: { disableLocalAccounts: new SecretValue(new SecretValue(false)) },
    expected: [aks("[secret]")],
  },
  {
    title: "a secret unknown is unknown",
    type: AKS,
    properties: { disableLocalAccounts: new SecretValue(UNKNOWN) },
    expected: [undetermined("aks-no-local-accounts", "disableLocalAccounts")],
  },
  {
    title: "a secret document is read",
    type: ROLE,
    properties: { assumeRolePolicy: new SecretValue(trust(web()).assumeRolePolicy) },
    expected: [noAudience, noSubject],
  },
  {
    title: "a secret among a pod's fields",
    type: POD,
    properties: pod({ containers: new SecretValue([privileged]) }),
    expected: [pods("containers")],
  },
];

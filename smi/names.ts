/** DNS-1123 subdomain: names of most objects in Kubernetes, ServiceAccounts among them. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
/** DNS-1123 label: names of namespaces and Services. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** DNS name, as trust domains are. */
const DOMAIN = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const IDENTITY = /^[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/;

/**
 * Whether a text can be the name of an object. Meshes take a star in a name for any text, where SMI knows only a name that
 * nobody has, so that no other text may reach them.
 */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** Whether a text can be the name of a namespace or of a Service. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Whether a text can be a trust domain. */
export function isTrustDomain(text: string): boolean {
  return DOMAIN.test(text);
}

/** Whether a text is a SPIFFE identity without its scheme (https://github.com/spiffe/spiffe, standards/SPIFFE-ID.md). */
export function isIdentity(text: string): boolean {
  return IDENTITY.test(text);
}

/** What `isName` allows, for messages. */
export const NAME_FORM = 'lower-case letters, digits, "-" and ".", at most 253';
/** What `isIdentity` allows, for messages. */
export const IDENTITY_FORM = "<trust domain>/<path>, such as cluster.local/ns/shop/sa/web";
/** What `isLabel` allows, for messages. */
export const LABEL_FORM = 'lower-case letters, digits and "-", at most 63';

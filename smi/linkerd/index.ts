export { type LinkerdOptions, translateLinkerd, type Translation } from "./translate";
export { linkerdAllows, type LinkerdRequest, linkerdShares } from "./evaluate";
export type { KubernetesObject } from "./objects";

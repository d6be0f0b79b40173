export { type ConsulOptions, translateConsul } from "./translate";
export { consulDefaultDeny } from "./objects";
export type { SplitMode } from "./identity";
export { consulAllows, type ConsulCall, consulRefusals, type ConsulRequest, consulShares, peerOf } from "./evaluate";

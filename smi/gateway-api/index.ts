export { gatewayShares, type GatewayCall, REGEX_RANKS, type RegexRank } from "./evaluate";
export { type GatewayApiOptions, translateGatewayApi } from "./translate";

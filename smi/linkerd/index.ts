export { type LinkerdOptions, translateLinkerd } from "./translate";
export { linkerdAllows, type LinkerdRequest, linkerdShares } from "./evaluate";

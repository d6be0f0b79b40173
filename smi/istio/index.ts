export { istioDefaultDeny } from "./deny";
export { istioAllows, type IstioCall, type IstioRequest, istioShares } from "./evaluate";
export { type IstioOptions, translateIstio } from "./translate";

export { ambientAllows, type AmbientRequest, ambientShares } from "./evaluate";
export { istioAmbientDefaultDeny } from "./objects";
export { type IstioAmbientOptions, translateIstioAmbient } from "./translate";

export { resourceOf, type Case } from "./case";
export { aksCases, eksCases, redundancyCases, supportCases } from "./clusters";
export { podCases } from "./pods";
export { secretCases } from "./secrets";
export { storageCases } from "./storage";
export { trustCases } from "./trust";

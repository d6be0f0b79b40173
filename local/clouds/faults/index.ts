export {
  cannotStrike,
  KINDS,
  type Fault,
  type FaultKind,
  type FaultPlace,
  type FaultyOperation,
  type Operation,
} from "./fault";
export { FaultyClouds } from "./faulty-clouds";
export { BadFault, faultText, parseFault } from "./parse";

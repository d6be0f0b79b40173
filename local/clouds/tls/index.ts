export { TlsProvider } from "./provider";

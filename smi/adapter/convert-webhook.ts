import { convert } from "../convert";
import { isRecord } from "./keep";

/** `apiextensions.k8s.io/v1` ConversionReview, as far as it is needed. */
interface ConversionRequest {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly Readonly<Record<string, unknown>>[];
}

/** Answers a ConversionReview: all of the objects in the version that is wanted, or none and why. */
export function review(body: unknown): Record<string, unknown> {
  const request = requestOf(body);
  if (!request) throw new RangeError("found no ConversionReview of apiextensions.k8s.io/v1");
  const { uid, desiredAPIVersion, objects } = request;
  const convertedObjects: unknown[] = [];
  const failures: string[] = [];
  for (const object of objects) {
    const conversion = convert(object, desiredAPIVersion);
    if (conversion.ok) convertedObjects.push(conversion.object);
    else failures.push(conversion.message);
  }
  const result = failures.length === 0 ? { status: "Success" } : { status: "Failure", message: failures.join("; ") };
  const response = { uid, convertedObjects: failures.length === 0 ? convertedObjects : [], result };
  return { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", response };
}

function requestOf(body: unknown): ConversionRequest | undefined {
  if (!isRecord(body) || body["kind"] !== "ConversionReview" || !isRecord(body["request"])) return undefined;
  const { uid, desiredAPIVersion, objects } = body["request"];
  if (typeof uid !== "string" || typeof desiredAPIVersion !== "string" || !Array.isArray(objects)) return undefined;
  return { uid, desiredAPIVersion, objects: objects.filter(isRecord) };
}

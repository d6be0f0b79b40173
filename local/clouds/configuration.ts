import { isPropertyMap, Secret, type PropertyMap, type PropertyValue } from "../protocol/property";
import type { CheckResult } from "../protocol/provider";
import type { CloudDefinition } from "./model";
import { checkProperties } from "./schema";

/** Keys that the engine itself puts among a provider's inputs. */
const ENGINE_KEYS: readonly string[] = ["version", "pluginDownloadURL", "__internal"];

/** Validates a provider's configuration. The inputs come back as they were sent. */
export function checkConfiguration<S>(definition: CloudDefinition<S>, news: PropertyMap): CheckResult {
  const what = `the provider ${definition.pkg}`;
  const { failures } = checkProperties(definition.config, readConfiguration(definition, news), what);
  return { inputs: news, failures };
}

/** A provider's configuration as values: SDKs send everything but texts as JSON text. */
export function readConfiguration<S>(definition: CloudDefinition<S>, args: PropertyMap): PropertyMap {
  const entries = Object.entries(args)
    .filter(([key, value]) => !ENGINE_KEYS.includes(key) && value !== "" && value !== null)
    .map(([key, value]): [string, PropertyValue] => {
      const kind = definition.config[key]?.kind ?? "any";
      return [key, kind === "string" ? value : parse(value)];
    });
  return Object.fromEntries(entries);
}

function parse(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return new Secret(parse(value.value));
  if (typeof value !== "string") return value;
  try {
    const parsed = JSON.parse(value) as PropertyValue;
    return isPropertyMap(parsed) || Array.isArray(parsed) || typeof parsed !== "string" ? parsed : value;
  } catch {
    return value;
  }
}

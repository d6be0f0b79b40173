import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openProject, readStackConfig } from "../../cli/project";
import { Keyring, PassphraseCrypter } from "../../local/protocol/crypter";

const PROJECT = `name: shop
main: index.ts
runtime: { name: nodejs, options: { nodeargs: -r  some-loader } }
config:
  prefix: { type: string, default: shop }
  count: { type: integer }
  groups: { type: array, items: { type: string } }
`;

function projectWith(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "isthmus-project-"));
  for (const [name, text] of Object.entries({ "Pulumi.yaml": PROJECT, ...files }))
    writeFileSync(join(directory, name), text);
  return directory;
}

const read = (directory: string, passphrase = "") =>
  readStackConfig(openProject(directory), "local", () => new Keyring(passphrase));

test("configuration reaches the program as Pulumi passes it: defaults, own keys, structured values as JSON", () => {
  const directory = projectWith({
    "Pulumi.local.yaml": "config:\n  shop:count: 3\n  groups: [a, b]\n  pulumi:disable-default-providers: ['*']\n",
  });

  expect(openProject(directory).nodeArgs).toEqual(["-r", "some-loader"]);
  expect(read(directory)).toEqual({
    values: {
      "shop:prefix": "shop",
      "shop:count": "3",
      "shop:groups": '["a","b"]',
      "pulumi:disable-default-providers": '["*"]',
    },
    secretKeys: [],
  });
});

test("a secure value is opened with the passphrase and stays a secret", () => {
  const crypter = PassphraseCrypter.create("correct horse");
  const secure = crypter.encrypt("hush");
  const directory = projectWith({
    "Pulumi.local.yaml": `encryptionsalt: ${crypter.salt}\nconfig:\n  shop:token: { secure: "${secure}" }\n`,
  });

  expect(read(directory, "correct horse")).toMatchObject({
    values: { "shop:token": "hush" },
    secretKeys: ["shop:token"],
  });
  expect(() => read(directory, "wrong horse")).toThrow("incorrect passphrase");
});

test("values of a wrong type are named together, with what is allowed", () => {
  const directory = projectWith({ "Pulumi.local.yaml": "config:\n  shop:count: many\n  shop:groups: a\n" });

  expect(() => read(directory)).toThrow(
    'Pulumi.local.yaml does not fit the config section of Pulumi.yaml:\n  shop:count: found "many", allowed: a value of type integer\n  shop:groups: found "a", allowed: a list',
  );
});

test("a stack without a file, a file that is no YAML and a folder without a project are refused by name", () => {
  const directory = projectWith({});
  const broken = projectWith({ "Pulumi.local.yaml": "config: [" });
  const nowhere = mkdtempSync(join(tmpdir(), "isthmus-nowhere-"));

  expect(() => read(directory)).toThrow(`"local" is not a stack of this project`);
  expect(() => read(broken)).toThrow("is not valid YAML");
  expect(() => openProject(nowhere)).toThrow(`there is no Pulumi.yaml in ${nowhere} or above it`);
});

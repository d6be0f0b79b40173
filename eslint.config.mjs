import importX from "eslint-plugin-import-x";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import tseslint from "typescript-eslint";

/**
 * The rooms and what each may import: see docs/architecture.md. A room that is not named here may not be imported at all.
 * `target` is the importing room; everything of ours outside `except` is refused.
 */
const rooms = [
  { target: "./index.ts", except: ["./stacks", "./components"] },
  { target: "./stacks", except: ["./stacks", "./components/spec"] },
  { target: "./components", except: ["./components", "./smi", "./mirror", "./policy"] },
  { target: "./smi", except: ["./smi"] },
  { target: "./mirror", except: ["./mirror"] },
  { target: "./policy", except: ["./policy"] },
  { target: "./local", except: ["./local"] },
  { target: "./cli/report", except: ["./cli/report"] },
];

const zones = rooms.map(({ target, except }) => ({
  target,
  from: ".",
  except: [...except, "./node_modules"],
  message: "This room may not import that one: see the table of rooms in docs/architecture.md.",
}));

const cloudRoots = ["aws", "azure-native", "kubernetes", "gcp", "azuread"].map((name) => ({
  name: `@pulumi/${name}`,
  message: `Import the submodule (@pulumi/${name}/<service>): the root costs the type checker twice the time and memory.`,
}));

export default tseslint.config(
  { ignores: ["node_modules/", ".isthmus/", "coverage/"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    plugins: { "import-x": importX },
    settings: { "import-x/resolver-next": [createTypeScriptImportResolver()] },
    rules: {
      "import-x/no-restricted-paths": ["error", { zones }],
      "import-x/no-cycle": "error",
      "no-restricted-imports": ["error", { paths: cloudRoots }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    // The rooms below the cloud know nothing of Pulumi.
    files: ["smi/**/*.ts", "mirror/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@pulumi/*"], message: "This room never imports Pulumi." }] },
      ],
    },
  },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: { module: "writable", require: "readonly", process: "readonly", __dirname: "readonly" },
    },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);

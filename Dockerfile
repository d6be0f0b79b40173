# The SMI adapter as an image, for those who publish one (`adapter: { image }` in a spec). Without it, the platform runs the
# same bundle from a ConfigMap on Node's official image.
ARG NODE=docker.io/library/node:22.20.0-alpine3.22

FROM ${NODE} AS build
WORKDIR /build/src
COPY package.json tsconfig.json ./
# The bundler, and all that the adapter needs of the project's dependencies, in the project's own versions.
RUN npm install --prefix /build --no-audit --no-fund --ignore-scripts \
    $(node -p '["esbuild", "fastest-levenshtein"].map((name) => `${name}@${require("./package.json").dependencies[name]}`).join(" ")') \
  && node /build/node_modules/esbuild/install.js
COPY smi smi
RUN /build/node_modules/.bin/esbuild smi/adapter/main.ts --bundle --minify --platform=node --target=node20 --format=cjs \
  --legal-comments=none --outfile=/adapter.js

FROM ${NODE}
COPY --from=build /adapter.js /opt/isthmus-smi/adapter.js
COPY LICENSE /opt/isthmus-smi/LICENSE
USER 65532:65532
ENTRYPOINT ["node", "/opt/isthmus-smi/adapter.js"]

# The operator: Node and plain TypeScript, no TensorFlow.
#   docker build -f images/operator.Dockerfile -t nasoa-operator .
# BUILD_IMAGE needs Node 20 or newer with npm; BASE_IMAGE needs no more than libc and libstdc++.
# Behind a mirror of npm: --secret id=npmrc,src=$HOME/.npmrc
ARG BUILD_IMAGE=node:24-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# everything by the lock file's hashes first, then without what only trains or decodes images
RUN --mount=type=secret,id=npmrc,target=/run/npmrc \
    export NPM_CONFIG_USERCONFIG=/run/npmrc \
 && npm ci --omit=dev --no-progress \
 && npm uninstall --no-save --omit=dev --no-progress @tensorflow/tfjs-node-gpu sharp \
 && mkdir -p /opt/node && cp node_modules/node-linux-*/bin/node /opt/node/node \
 && rm -rf node_modules/node-linux-* node_modules/.bin \
 && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && find node_modules -type d -empty -delete \
 && test ! -e node_modules/@tensorflow && test ! -e node_modules/sharp
COPY bin bin
COPY src src
# it starts without them
RUN /opt/node/node bin/nasoa.js --version

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="nasoa operator" \
      org.opencontainers.image.licenses="Apache-2.0"
# what changes least comes first
COPY --from=build /opt/node/node /usr/local/bin/node
COPY --from=build /app/node_modules /app/node_modules
COPY LICENSE NOTICE package.json /app/
# of the zoo only what plans are made from: index and experience, no weights
COPY zoo/default/*.json zoo/default/*.jsonl /app/zoo/default/
COPY bin /app/bin
COPY src /app/src
# glibc keeps an arena of freed memory for each thread otherwise: 130 MB more after the start
ENV NODE_ENV=production HOME=/tmp MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
USER 65532:65532
EXPOSE 8080 8443
# V8 lets garbage pile up to several times of what is alive, unless it is told otherwise
ENTRYPOINT ["/usr/local/bin/node", "--heap-growing-percent=40", "--max-semi-space-size=4", "/app/bin/nasoa.js"]
CMD ["operator"]

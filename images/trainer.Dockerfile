# The trainer, with native TensorFlow.
#   docker build -f images/trainer.Dockerfile -t nasoa-trainer:cpu .
#   docker build -f images/trainer.Dockerfile -t nasoa-trainer:gpu --build-arg FLAVOUR=gpu .
# The GPU flavour holds NVIDIA's libraries and falls back to the CPU where no GPU is. The driver comes from the node.
# BUILD_IMAGE needs Node 20 or newer with npm, and g++ and pip or apt to get them; BASE_IMAGE needs no more than libc and libstdc++, as new as those of BUILD_IMAGE.
# Behind mirrors: --secret id=npmrc,src=$HOME/.npmrc --secret id=pip,src=/etc/pip.conf
ARG BUILD_IMAGE=node:24-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS packages
RUN missing=; \
    command -v g++ >/dev/null || missing="$missing g++"; \
    command -v flock >/dev/null || missing="$missing util-linux"; \
    python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"; \
    test -z "$missing" || { \
      apt-get update && apt-get install -y --no-install-recommends $missing && rm -rf /var/lib/apt/lists/*; }
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=npmrc,target=/run/npmrc \
    export NPM_CONFIG_USERCONFIG=/run/npmrc \
 && npm ci --no-progress \
 && mkdir -p /opt/node && cp node_modules/node-linux-*/bin/node /opt/node/node

FROM packages AS tensorflow
ARG FLAVOUR=cpu
# only what the set-up reads, so that a change elsewhere does not fetch gigabytes anew
COPY hack/setup-tensorflow.ts hack/native-modules.ts hack/tensorflow-wheels.ts hack/wheel.ts hack/tool.ts hack/file-lock.ts hack/
COPY hack/native hack/native
COPY src/lib/atomic-file.ts src/lib/errors.ts src/lib/user-dirs.ts src/lib/
COPY src/graph/native src/graph/native
# the libraries' place is compiled into the modules: it has to be the same in the last stage
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/node/node hack/setup-tensorflow.ts --flavour "${FLAVOUR}" --prefix /opt/nasoa
# what only compiles, develops or documents stays behind
RUN rm -rf /opt/nasoa/tensorflow/*/tensorflow/include /opt/nasoa/tensorflow/*/binding /opt/nasoa/tensorflow/*.lock \
 && npm prune --omit=dev --no-progress \
 && rm -rf node_modules/node-linux-* node_modules/.bin node_modules/@tensorflow/tfjs-node-gpu/binding \
 && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && /opt/node/node -e "require('sharp'); require('/app/node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node')"

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="nasoa trainer" \
      org.opencontainers.image.licenses="Apache-2.0"
# what changes least, and is largest, comes first
COPY --from=tensorflow /opt/nasoa /opt/nasoa
COPY --from=packages /opt/node/node /usr/local/bin/node
COPY --from=tensorflow /app/node_modules /app/node_modules
COPY LICENSE NOTICE package.json /app/
COPY zoo /app/zoo
COPY bin /app/bin
COPY src /app/src
# the container runtime mounts these parts of the node's driver into a pod that was given a GPU
ENV NODE_ENV=production HOME=/tmp NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /app
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/bin/nasoa.js"]
# what to do is in the variable NASOA_JOB, which the operator sets
CMD ["trainer"]

# syntax=docker/dockerfile:1

# ---- build: compile TypeScript with the development dependencies
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

# ---- dependencies: what production needs and nothing else
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# With the optional dependency: libheif-js (LGPL-3.0) reads HEIC.
# ONNX Runtime's package brings the libraries of every system; a container needs those of one.
RUN npm ci --omit=dev && npm cache clean --force \
  && rm -rf node_modules/onnxruntime-node/bin/napi-v*/darwin node_modules/onnxruntime-node/bin/napi-v*/win32

# ---- models: names to bake in, e.g. --build-arg MODELS="realesr-general-x4v3"
# The container never downloads at run time: its look and its cost must not change in mid-life.
FROM node:24-bookworm-slim AS models
ARG MODELS=""
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY models ./models
RUN if [ -n "$MODELS" ]; then node dist/cli.js models pull $MODELS; fi

# ---- cpu: the default image
FROM node:24-bookworm-slim AS cpu
ENV NODE_ENV=production MODELS_DOWNLOAD=off
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=models /app/models ./models
COPY package.json LICENSE README.md ./
RUN mkdir -p temp_uploads logs && chown node:node temp_uploads logs
# By number, so that Kubernetes can see that it is not root: `node` of the base image.
USER 1000:1000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 8000}/health/ready`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server.js"]

# ---- cuda: docker build --target cuda; run with --gpus all
# ONNX Runtime 1.30 is built for CUDA 12 and cuDNN 9; its install script fetches the provider libraries at build time.
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04 AS cuda
COPY --from=cpu /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /app/node_modules /app/node_modules
WORKDIR /app
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js
ENV NODE_ENV=production MODELS_DOWNLOAD=off EXECUTION_PROVIDERS=cuda,cpu
COPY --from=build /app/dist ./dist
COPY --from=models /app/models ./models
COPY package.json LICENSE README.md ./
RUN useradd --create-home --uid 1001 --user-group tessera && mkdir -p temp_uploads logs && chown tessera:tessera temp_uploads logs
USER 1001:1001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 8000}/health/ready`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server.js"]

# The default target is the last stage.
FROM cpu

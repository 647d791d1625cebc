#!/bin/sh
# For `helm upgrade --post-renderer ./post-render.sh` of Helm 3: takes what the chart renders, gives it back with the patches.
set -eu
cd "$(dirname "$0")"
cat > rendered.yaml
kubectl kustomize .

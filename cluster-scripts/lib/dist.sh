# shellcheck shell=bash
# What `cargo xtask dist` left: images and charts.

# The version of images and charts.
dist_version() {
  local version
  version=$(sed -nE 's/^appVersion: *"?([^"]*)"?$/\1/p' "${SCRIPTS%/*}/charts/heart-monitor/Chart.yaml")
  [[ -n "${version}" ]] || die "charts/heart-monitor/Chart.yaml names no appVersion"
  printf '%s\n' "${version}"
}

# require_dist FILE...: makes sure that files of the distribution are there; a dry run goes on without them.
require_dist() {
  local file
  for file in "$@"; do
    [[ ! -f "${file}" ]] || continue
    dry_run || die "there is no ${file}; run \`cargo xtask dist\`, or set DIST to the folder that it made elsewhere"
    say "there is no ${file} yet: \`cargo xtask dist\` makes it"
  done
}

# chart_file NAME: prints the path of a chart's archive.
chart_file() {
  local version
  version=$(dist_version)
  printf '%s\n' "${DIST}/charts/$1-${version}.tgz"
}

# image_file NAME: prints the path of an image's archive.
image_file() {
  printf '%s\n' "${DIST}/images/$1.oci.tar"
}

# image_digest NAME: prints the digest of an image's archive. Pushing keeps it, so it names the same bits in every registry.
image_digest() {
  local file digest
  file=$(image_file "$1")
  if [[ ! -f "${file}" ]]; then
    printf '<digest of %s>\n' "$1"
    return
  fi
  digest=$(tar -xOf "${file}" index.json | sed -nE 's/.*"digest": *"(sha256:[0-9a-f]{64})".*/\1/p')
  [[ "${digest}" == sha256:* ]] || die "${file} is no archive of one image; run \`cargo xtask dist\` again"
  printf '%s\n' "${digest}"
}

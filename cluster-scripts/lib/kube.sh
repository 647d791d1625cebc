# shellcheck shell=bash
# The two clusters as kubectl and helm see them. Every call names its context: none depends on the current one.

# Whether kubeconfig has a context.
has_context() {
  command -v kubectl >/dev/null || return 1
  local contexts
  contexts=$(ask kubectl config get-contexts --output name)
  [[ $'\n'"${contexts}"$'\n' == *$'\n'"$1"$'\n'* ]]
}

# Makes sure that the current side's cluster can be spoken to. A dry run goes on without it.
require_context() {
  if has_context "${CONTEXT}"; then
    return 0
  fi
  if dry_run; then
    say "there is no context ${CONTEXT} in kubeconfig yet"
    return 0
  fi
  die "kubeconfig has no context ${CONTEXT}; step 04 adds it, or set CONTEXT_${SIDE^^} to one of \`kubectl config get-contexts\`"
}

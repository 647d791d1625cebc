# shellcheck shell=bash
# Managed identities.

# ensure_identity NAME: makes a managed identity on the current side, where it is missing.
ensure_identity() {
  if az_has identity show --name "$1" --resource-group "${GROUP}"; then
    say "identity $1 is there"
    return
  fi
  say "identity $1"
  az_run identity create --name "$1" --resource-group "${GROUP}" --location "${LOCATION}" --tags "${TAG}"
}

# The object id that roles are given to.
principal_of() {
  az_value "principalId of $1" principalId identity show --name "$1" --resource-group "${GROUP}"
}

# The id that pods name.
client_of() {
  az_value "clientId of $1" clientId identity show --name "$1" --resource-group "${GROUP}"
}

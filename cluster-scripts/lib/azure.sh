# shellcheck shell=bash
# Asking and changing Azure. Every call names its subscription, so that none depends on what `az account set` said last.

# Whether Azure can be asked; only a dry run goes on where it cannot.
ASKING=unknown

# Makes sure that az is there and logged in to the subscription.
require_azure() {
  require_program az 'to reach Azure; install the Azure CLI'
  if command -v az >/dev/null &&
    ask az account show --subscription "${SUBSCRIPTION}" --output none --only-show-errors 2>/dev/null; then
    ASKING=yes
  elif dry_run; then
    ASKING=no
    say "not logged in to subscription ${SUBSCRIPTION}: whatever is in Azure is taken for missing"
  else
    die "az is not logged in to subscription ${SUBSCRIPTION}; run \`az login\`, and look at \`az account list\`"
  fi
}

# az_run COMMAND...: changes something in Azure.
az_run() {
  run az "$@" --subscription "${SUBSCRIPTION}" --output none
}

# az_ask QUERY COMMAND...: prints what a JMESPath query finds in az's answer; one value a line.
az_ask() {
  local query=$1
  shift
  ask az "$@" --subscription "${SUBSCRIPTION}" --query "${query}" --output tsv --only-show-errors
}

# az_has COMMAND...: whether a `show` command finds what it names. az ends with 3 where there is no such thing; after any
# other failure nothing is known, and the step ends.
az_has() {
  [[ "${ASKING}" == yes ]] || return 1
  local status=0 answer
  answer=$(az_ask id "$@" 2>&1) || status=$?
  case ${status} in
    0) return 0 ;;
    3) return 1 ;;
    *) die "cannot tell whether there is one: \`az $*\` failed with ${status}: ${answer}" ;;
  esac
}

# az_value WHAT QUERY COMMAND...: prints one property of something. A dry run that would only make it prints `<WHAT>`.
az_value() {
  local what=$1 query=$2
  shift 2
  if dry_run && ! az_has "$@"; then
    printf '<%s>\n' "${what}"
    return
  fi
  local answer
  answer=$(az_ask "${query}" "$@")
  [[ -n "${answer}" && "${answer}" != None ]] || die "Azure names no ${what} (\`az $*\`, ${query})"
  printf '%s\n' "${answer}"
}

# ensure_group NAME LOCATION: makes a resource group where it is missing, marked as ours, so that tearing down knows it.
ensure_group() {
  if az_has group show --name "$1"; then
    say "resource group $1 is there"
    return
  fi
  say "resource group $1 in $2"
  az_run group create --name "$1" --location "$2" --tags "${TAG}"
}

# ensure_role PRINCIPAL ROLE SCOPE WHAT: gives a managed identity a role, where it has not got it.
ensure_role() {
  local principal=$1 role=$2 scope=$3 what=$4 found=''
  # Only known things can have been given a role: a dry run holds `<…>` for the others.
  if [[ "${ASKING}" == yes && "${principal}" != '<'* ]]; then
    found=$(az_roles "${principal}" "${role}" "${scope}")
  fi
  if [[ -n "${found}" ]]; then
    say "${what} has ${role}"
    return
  fi
  say "${what} gets ${role}"
  az_run role assignment create --assignee-object-id "${principal}" --assignee-principal-type ServicePrincipal \
    --role "${role}" --scope "${scope}"
}

# The assignments of a role to a principal at exactly this scope. A scope that is not there has none.
az_roles() {
  local status=0 answer
  answer=$(az_ask '[].id' role assignment list --assignee-object-id "$1" --role "$2" --scope "$3" \
    --fill-principal-name false 2>&1) || status=$?
  if ((status != 0 && status != 3)) && ! dry_run; then
    die "cannot list the roles at $3: ${answer}"
  fi
  # Ids and nothing else: a warning of Python's own is no assignment.
  ((status != 0)) || sed -n '/^\//p' <<<"${answer}"
}

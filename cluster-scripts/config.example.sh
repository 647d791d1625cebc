# shellcheck shell=bash disable=SC2034
# The settings of the cluster scripts. Copy this file to config.sh and fill in what stands here without a #.
# What is behind a # shows the default. There is no place for a secret in here, and none is needed.

# --- Where everything is made ---------------------------------------------------------------------------------------

# The id of the subscription: az account list --output table
SUBSCRIPTION=00000000-0000-0000-0000-000000000000

# Begins the names of all resource groups, networks, clusters and identities. Lower case, at most 20 characters.
#PREFIX=flatline

# The regions of cluster a (the primary) and cluster b, and of the store: az account list-locations --output table
# The store must not be in a's region: the loss of that region would take the evidence along. A third region is best.
LOCATION_A=westeurope
LOCATION_B=northeurope
LOCATION_STORE=swedencentral

# --- Networks (01, 02, 06) ------------------------------------------------------------------------------------------

# One network in each region, with a part for nodes and one for the store's private endpoint. They are peered, so they
# must not overlap, neither each other nor PODS and SERVICES, which both clusters use inside.
#NETWORK_A=10.10.0.0/16
#NODES_A=10.10.0.0/20
#ENDPOINTS_A=10.10.16.0/24
#NETWORK_B=10.20.0.0/16
#NODES_B=10.20.0.0/20
#ENDPOINTS_B=10.20.16.0/24
#PODS=10.244.0.0/16
#SERVICES=10.96.0.0/16

# --- Clusters (04) --------------------------------------------------------------------------------------------------

# create: the scripts make two AKS clusters. existing: there are two, and steps 01, 02 and 04 have nothing to do.
#CLUSTERS=create

# The names of the two clusters in kubeconfig. Step 04 adds them; existing clusters have theirs already.
CONTEXT_A=flatline-a
CONTEXT_B=flatline-b

# Nodes: at least 2, so that the two beacons of a cluster stand on two of them. Zones differ by region and size:
# az vm list-skus --location westeurope --size Standard_D2s --zone --output table
# Empty in a region that has none.
#NODE_SIZE=Standard_D2s_v5
#NODE_COUNT=3
#ZONES_A="1 2 3"
#ZONES_B="1 2 3"

# free, standard or premium: free has no promised availability of the API server.
#CLUSTER_TIER=standard

# The days on which Azure upgrades the clusters, from 02:00 to 06:00 UTC: not the same, since an upgrade replaces every node.
#MAINTENANCE_A=Tuesday
#MAINTENANCE_B=Thursday

# Empty: what Azure takes by default. At least 1.29.
#KUBERNETES_VERSION=

# The object id of an Entra group whose members administer the clusters. With it there are no local accounts, access is
# by Entra and Azure RBAC, and kubectl needs kubelogin. Empty: local accounts, for whoever may list the cluster's user
# credentials in Azure.
#ADMIN_GROUP=

# Who may reach the API servers, such as "203.0.113.7/32,198.51.100.0/24". Empty: everybody with credentials.
#API_RANGES=

# For existing clusters: the issuer of their service account tokens, which the identities of step 07 trust
#   kubectl --context flatline-a get --raw /.well-known/openid-configuration
# and for step 06 the id of a subnet in each cluster's network that takes the store's private endpoint.
#OIDC_ISSUER_A=
#OIDC_ISSUER_B=
#ENDPOINT_SUBNET_A=
#ENDPOINT_SUBNET_B=

# --- Registries (03, 08) --------------------------------------------------------------------------------------------

# One in each region, so that no cluster needs the other's. Unique in the whole of Azure, 5 to 50 letters and digits.
REGISTRY_A=
REGISTRY_B=

# Instead: registries of your own, such as registry.example.org/flatline. Step 03 has nothing to do then, and step 08
# pushes with the login that your tools have.
#IMAGE_REGISTRY_A=
#IMAGE_REGISTRY_B=

# --- Store (05, 06) -------------------------------------------------------------------------------------------------

# Unique in the whole of Azure, 3 to 24 lower case letters and digits.
STORE_ACCOUNT=

# One container and prefix is one unit of failover: everything that fails over together shares it, nothing else does.
#STORE_CONTAINER=heartbeat
#STORE_PREFIX=orders

# Instead: a container that is there, such as https://ACCOUNT.blob.core.windows.net/heartbeat/orders. Steps 05 and 06
# have nothing to do then. Step 07 gives its role on the container with this id:
#   /subscriptions/…/storageAccounts/ACCOUNT/blobServices/default/containers/heartbeat
#STORE_URL=
#STORE_CONTAINER_ID=

# --- Identities (07) ------------------------------------------------------------------------------------------------

# The client ids of identities that have their federated credentials and their role already. Step 07 has nothing to do
# then.
#CLIENT_ID_A=
#CLIENT_ID_B=

# --- Releases (07, 09) ----------------------------------------------------------------------------------------------

# prefer or strict: see docs/operations.md
#OWNERSHIP=prefer

# The service accounts that step 07 trusts have the names of the releases.
#BEACON_NAMESPACE=flatline
#BEACON_RELEASE=heartbeat-writer
#WORKLOAD_NAMESPACE=orders
#WORKLOAD_RELEASE=orders

# Files with further values for one chart or the other, in both clusters. Relative names are relative to this file.
#BEACON_VALUES=
#WORKLOAD_VALUES=

# yes: step 08 pushes the charts too, to oci://REGISTRY/charts.
#PUSH_CHARTS=no

# Where `cargo xtask dist` left images and charts. Empty: target/dist in the repository.
#DIST=

# --- Drills (22) ----------------------------------------------------------------------------------------------------

# An image with a shell and grep that both clusters can pull, and the namespace for its pods, which must be allowed to
# share the process namespace of their node.
#DRILL_IMAGE=mcr.microsoft.com/cbl-mariner/busybox:2.0
#DRILL_NAMESPACE=default

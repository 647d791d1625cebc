# shellcheck shell=bash disable=SC2034
# The settings that the tests begin with.
SUBSCRIPTION=01234567-89ab-cdef-0123-456789abcdef
LOCATION_A=westeurope
LOCATION_B=northeurope
LOCATION_STORE=swedencentral
CONTEXT_A=flatline-a
CONTEXT_B=flatline-b
REGISTRY_A=flatlinetesta
REGISTRY_B=flatlinetestb
STORE_ACCOUNT=flatlinetest

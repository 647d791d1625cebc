//! What a manifest may say without any difference to how it is played, and why.

use serde_json::Value;

/// Places in a pod (`*` stands for every item of a list), each with the reason why it is passed over.
const IRRELEVANT: [(&str, &str); 22] = [
    ("apiVersion", "it is a pod"),
    ("kind", "it is a pod"),
    ("metadata/annotations", "nothing reads them"),
    ("metadata/name", "the manifest has read it"),
    ("metadata/namespace", "the manifest has read it"),
    ("spec/affinity", "there is one machine, with room for all"),
    ("spec/nodeSelector", "there is one machine"),
    ("spec/tolerations", "there is one machine"),
    ("spec/topologySpreadConstraints", "there is one machine"),
    ("spec/priorityClassName", "nobody is evicted"),
    ("spec/dnsConfig", "no name is looked up: the store has an address"),
    ("spec/dnsPolicy", "no name is looked up: the store has an address"),
    ("spec/hostAliases", "no name is looked up: the store has an address"),
    ("spec/enableServiceLinks", "there are no services whose addresses would be in the environment"),
    ("spec/imagePullSecrets", "the registry lets everybody pull"),
    (
        "spec/securityContext/fsGroupChangePolicy",
        "a claim's folder is as the test made it, an emptyDir is new",
    ),
    (
        "spec/securityContext/seccompProfile",
        "no system call is filtered: the list is the container runtime's",
    ),
    ("spec/initContainers/*/resources", "memory and time are not limited"),
    ("spec/initContainers/*/securityContext/seccompProfile", "as for the pod"),
    ("spec/containers/*/resources", "memory and time are not limited"),
    ("spec/containers/*/securityContext/seccompProfile", "as for the pod"),
    ("spec/volumes/*/emptyDir/sizeLimit", "nothing here is large"),
];

/// Removes all of it.
pub(super) fn leave_out(pod: &mut Value) {
    for (place, _why) in IRRELEVANT {
        remove(pod, place);
    }
}

fn remove(value: &mut Value, place: &str) {
    match (place.split_once('/'), value) {
        (Some(("*", rest)), Value::Array(items)) => items.iter_mut().for_each(|item| remove(item, rest)),
        (Some((key, rest)), Value::Object(fields)) => {
            if let Some(inner) = fields.get_mut(key) {
                remove(inner, rest);
            }
        }
        (None, Value::Object(fields)) => drop(fields.remove(place)),
        _ => {}
    }
}

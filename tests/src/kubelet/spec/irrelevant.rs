//! What a manifest may say without any difference to how it is played, and why.

use serde_json::Value;

/// Places in a pod (`*` stands for every item of a list), each with the reason why it is passed over.
const IRRELEVANT: [(&str, &str); 25] = [
    ("spec/affinity", "there is one machine, with room for all"),
    ("spec/nodeSelector", "there is one machine"),
    ("spec/tolerations", "there is one machine"),
    ("spec/topologySpreadConstraints", "there is one machine"),
    ("spec/priorityClassName", "nobody is evicted"),
    ("spec/dnsConfig", "no name is looked up: the store has an address"),
    ("spec/dnsPolicy", "no name is looked up: the store has an address"),
    ("spec/enableServiceLinks", "there are no services whose addresses would be in the environment"),
    ("spec/imagePullSecrets", "the registry lets everybody pull"),
    (
        "spec/securityContext/fsGroupChangePolicy",
        "a claim's folder is as the test made it, an emptyDir is new",
    ),
    (
        "spec/securityContext/seccompProfile",
        "no system call is filtered: that is the container runtime's list",
    ),
    ("spec/initContainers/*/resources", "memory and time are not limited"),
    ("spec/initContainers/*/ports/*/protocol", "probes speak TCP"),
    ("spec/initContainers/*/securityContext/seccompProfile", "as in the pod"),
    ("spec/initContainers/*/terminationMessagePolicy", "nobody reads the message"),
    ("spec/containers/*/resources", "memory and time are not limited"),
    ("spec/containers/*/ports/*/protocol", "probes speak TCP"),
    ("spec/containers/*/securityContext/seccompProfile", "as in the pod"),
    ("spec/containers/*/terminationMessagePolicy", "nobody reads the message"),
    ("spec/volumes/*/emptyDir/sizeLimit", "nothing here is large"),
    (
        "spec/volumes/*/persistentVolumeClaim/readOnly",
        "mounts say it themselves, and no volume here has more than one mode",
    ),
    ("metadata/annotations", "nothing reads them"),
    ("metadata/creationTimestamp", "nothing reads it"),
    ("metadata/name", "the player names its pods"),
    ("metadata/namespace", "the manifest's own is taken"),
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

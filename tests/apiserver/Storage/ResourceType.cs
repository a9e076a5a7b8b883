namespace NodeMesh.TestApiServer.Storage;

/// <summary>A type of objects that is served: a path of the API.</summary>
public sealed record ResourceType(string Group, string Version, string Kind, string Plural, bool IsNamespaced = true, bool HasStatus = false)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public string Root => Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>The fields, beside name and namespace, that a field selector may name. As in Kubernetes, others are refused.</summary>
    public IReadOnlyList<string> SelectableFields { get; init; } = [];

    /// <summary>null: one of Kubernetes' own, whose rules are in <see cref="Patching.ListKeys"/>.</summary>
    public Patching.Schema? Schema { get; init; }

    /// <summary>One store for all versions of a kind.</summary>
    public (string Group, string Plural) Key => (Group, Plural);

    public static IReadOnlyList<ResourceType> BuiltIn { get; } =
    [
        new("", "v1", "Namespace", "namespaces", IsNamespaced: false, HasStatus: true) { ShortNames = ["ns"], SelectableFields = ["status.phase"] },
        new("", "v1", "Node", "nodes", IsNamespaced: false, HasStatus: true) { ShortNames = ["no"], SelectableFields = ["spec.unschedulable"] },
        new("", "v1", "Pod", "pods", HasStatus: true)
        {
            ShortNames = ["po"],
            SelectableFields = ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP"],
        },
        new("", "v1", "Service", "services", HasStatus: true) { ShortNames = ["svc"], SelectableFields = ["spec.clusterIP", "spec.type"] },
        new("", "v1", "ConfigMap", "configmaps") { ShortNames = ["cm"] },
        new("", "v1", "Secret", "secrets") { SelectableFields = ["type"] },
        new("", "v1", "ServiceAccount", "serviceaccounts") { ShortNames = ["sa"] },
        new("", "v1", "Event", "events")
        {
            ShortNames = ["ev"],
            SelectableFields =
            [
                "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "reason", "type", "reportingComponent", "source",
            ],
        },
        new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
        new("coordination.k8s.io", "v1", "Lease", "leases"),
        new("apps", "v1", "DaemonSet", "daemonsets", HasStatus: true) { ShortNames = ["ds"] },
        new("apps", "v1", "Deployment", "deployments", HasStatus: true) { ShortNames = ["deploy"] },
        new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", HasStatus: true) { ShortNames = ["pdb"] },
        new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", IsNamespaced: false),
        new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", IsNamespaced: false),
        new("rbac.authorization.k8s.io", "v1", "Role", "roles"),
        new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
        new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", IsNamespaced: false),
        new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", IsNamespaced: false, HasStatus: true) { ShortNames = ["crd"] },
    ];
}

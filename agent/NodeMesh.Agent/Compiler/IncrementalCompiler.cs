using System.Collections.Immutable;
using System.Net;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Rollouts;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;

namespace NodeMesh.Agent.Compiler;

/// <summary>
/// Compiles again and again, each time only what changed since the last. The result is the same as that of a compiler that starts anew.
/// For one thread at a time.
/// </summary>
internal sealed class IncrementalCompiler
{
    private readonly PodTable _pods;
    private readonly ServiceTable _services;
    private readonly RolloutLedger _rollouts = new();
    private readonly RouteLedger _routes = new();
    private readonly PolicyLedger _policies = new();
    private readonly Dictionary<string, ImmutableArray<ResourceProblem>> _namespaceProblems = new(StringComparer.Ordinal);
    private ResourceSet _resources = ResourceSet.Empty;
    private ResourceSet _routed = ResourceSet.Empty;
    private ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> _observed = new NodeContext("").ObservedAddresses;

    /// <param name="node">This node's name.</param>
    /// <param name="onFailure">What happens to new connections of pods that don't say, while no proxy is alive.</param>
    public IncrementalCompiler(string node, FailurePolicy onFailure)
    {
        _pods = new PodTable(node, onFailure);
        _services = new ServiceTable(_pods);
    }

    /// <param name="observed">The addresses found in the network namespaces of this node's pods, by pod id.</param>
    public Compilation Compile(ResourceSet resources, ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> observed)
    {
        // :: Step 1: What changed.
        var namespaces = CheckNamespaces(resources);
        var touched = new HashSet<string>(StringComparer.Ordinal);
        touched.UnionWith(Changes.Between(_resources.Pods, resources.Pods).Select(change => change.Key));
        touched.UnionWith(Changes.Between(_observed, observed).Select(change => change.Key));
        touched.UnionWith(namespaces.SelectMany(_pods.Index.InNamespace));
        touched.UnionWith(Changes.Between(_resources.Nodes, resources.Nodes).SelectMany(change => _pods.Index.OnNode(change.Key)));

        // :: Step 2: Pods, since Services are made of them.
        var changes = _pods.Update(touched, resources, observed);

        // :: Step 3: Services that changed, or whose pods, slices or Namespace did.
        _services.Update(_resources, resources, namespaces, changes);

        // :: Step 4: Routes that changed, or that name a Service which did, with the weights that Rollouts lay over them.
        var routed = _rollouts.Apply(resources);
        _routes.Update(_routed, routed);

        // :: Step 5: Policies.
        _policies.Update(_resources, resources);

        _resources = resources;
        _routed = routed;
        _observed = observed;
        return new Compilation
        {
            Content = new MeshSnapshotContent { Workloads = _pods.Workloads, Services = _services.Services, Routes = _routes.Routes, Policies = _policies.Policies },
            RouteStatuses = _routes.Statuses,
            PolicyStatuses = _policies.Statuses,
            Rollouts = _rollouts.Rollouts,
            LocalPods = _pods.LocalPods,
            Problems =
            [
                .. resources.Problems.Concat(_namespaceProblems.Values.SelectMany(problems => problems))
                    .Concat(_pods.Problems()).Concat(_services.Problems()).Concat(_routes.Problems()).Concat(_policies.Problems()).Concat(_rollouts.Problems()).Order(),
            ],
        };
    }

    private List<string> CheckNamespaces(ResourceSet resources)
    {
        var changed = new List<string>();
        foreach (var (name, _, now) in Changes.Between(_resources.Namespaces, resources.Namespaces))
        {
            changed.Add(name);
            _namespaceProblems.Remove(name);
            if (now is not null)
            {
                var problems = new List<ResourceProblem>();
                Enrolment.Check(now, problems);
                CaptureAnnotations.Check(now, problems);
                AnnotationList.Ports("Namespace", now.Metadata, MeshLabels.OpaquePorts, problems);
                if (problems.Count > 0)
                {
                    _namespaceProblems[name] = [.. problems];
                }
            }
        }
        return changed;
    }
}

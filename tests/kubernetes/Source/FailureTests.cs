using NodeMesh.Agent.Resources;
using NodeMesh.KubernetesTests.Cluster;
using NodeMesh.TestApiServer.Faults;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.KubernetesTests.Source;

/// <summary>What the source does when the API server fails.</summary>
public class FailureTests
{
    [Fact(Timeout = 60_000)]
    public async Task No_set_is_given_before_every_kind_has_been_listed()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        await cluster.ServiceAsync("web");
        await cluster.SliceAsync("web", "10.200.0.1");
        server.Faults.Add(new Fault(request => request.Is("list", "endpointslices")) { Refusal = new ApiRefusalException(503, "ServiceUnavailable", "starting") });
        await using var watching = new Watching(cluster);

        await Soon.TrueAsync("the slices were asked for again and again", () => server.Requests.Count(request => request.Is("list", "endpointslices")) >= 3);
        await Soon.TrueAsync("all else is watched", () => server.Requests.Count(request => request.Verb == "watch") == 6);
        Assert.Empty(watching.Sets);

        server.Faults.Clear();
        var first = await watching.UntilAsync("the first set", _ => true);
        Assert.True(watching.Sets[0].EndpointSlices.ContainsKey($"{cluster.Namespace}/web-1"));
        Assert.True(first.IsCurrent);
    }

    [Fact(Timeout = 60_000)]
    public async Task Lists_come_page_by_page()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        for (var i = 0; i < 5; i++)
        {
            await cluster.ServiceAsync($"web-{i}");
        }
        await using var watching = new Watching(cluster, cluster.Options() with { PageSize = 2 });

        var set = await watching.UntilAsync("the first set", _ => true);

        Assert.Equal(5, set.Services.Keys.Count(id => id.StartsWith(cluster.Namespace, StringComparison.Ordinal)));
        var lists = server.Requests.Where(request => request.Is("list", "services")).ToList();
        Assert.Equal(3, lists.Count);
        Assert.All(lists, request => Assert.Equal("2", request.Parameter("limit")));
        Assert.Equal(2, lists.Count(request => request.Parameter("continue").Length > 0));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_list_whose_pages_expire_is_read_at_once()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        for (var i = 0; i < 5; i++)
        {
            await cluster.ServiceAsync($"web-{i}");
        }
        server.Faults.Add(new Fault(request => request.Is("list", "services") && request.Parameter("continue").Length > 0)
        {
            Times = 1, Refusal = ApiRefusalException.Expired("The provided continue parameter is too old"),
        });
        await using var watching = new Watching(cluster, cluster.Options() with { PageSize = 2 });

        var set = await watching.UntilAsync("the first set", _ => true);

        Assert.Equal(5, set.Services.Keys.Count(id => id.StartsWith(cluster.Namespace, StringComparison.Ordinal)));
        Assert.Equal(["2", "2", ""], server.Requests.Where(request => request.Is("list", "services")).Select(request => request.Parameter("limit")));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_watch_that_breaks_off_is_resumed_where_it_was_and_nothing_is_listed_again()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        server.Faults.Add(new Fault(request => request.Is("watch", "services")) { Times = 2, CutAfter = 1 });
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", _ => true);

        for (var i = 0; i < 6; i++)
        {
            await cluster.ServiceAsync($"web-{i}");
        }

        await watching.UntilAsync("all six", set => set.Services.Keys.Count(id => id.StartsWith(cluster.Namespace, StringComparison.Ordinal)) == 6);
        Assert.Single(server.Requests, request => request.Is("list", "services"));
        Assert.True(server.Requests.Count(request => request.Is("watch", "services")) >= 3);
    }

    [Fact(Timeout = 60_000)]
    public async Task While_the_API_server_is_away_the_last_set_stays_and_is_marked_as_not_current()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        await cluster.ServiceAsync("stays");
        await cluster.ServiceAsync("goes");
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", set => set.IsCurrent);

        server.GoAway();
        var away = await watching.UntilAsync("the loss is noticed", set => !set.IsCurrent && set.Problems.Length > 0);
        Assert.True(away.Services.ContainsKey($"{cluster.Namespace}/goes"));
        Assert.All(away.Problems, problem => Assert.Equal("Kubernetes", problem.Kind));
        Assert.Contains(away.Problems, problem => problem.Message.Contains("stays in force", StringComparison.Ordinal));

        server.Store.Delete("Service", cluster.Namespace, "goes");
        server.Store.Put($$$"""{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"{{{cluster.Namespace}}}","name":"comes"},"spec":{"ports":[{"port":80}]}}""");
        server.ForgetRequests();
        server.ComeBack();
        var back = await watching.UntilAsync("what was missed", set => set.IsCurrent && set.Services.ContainsKey($"{cluster.Namespace}/comes"));

        Assert.False(back.Services.ContainsKey($"{cluster.Namespace}/goes"));
        Assert.True(back.Services.ContainsKey($"{cluster.Namespace}/stays"));
        Assert.Empty(back.Problems);
        Assert.DoesNotContain(server.Requests, request => request.Is("list", "services"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_410_in_the_middle_of_a_watch_lists_anew_and_loses_nothing()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        await cluster.ServiceAsync("old");
        server.Faults.Add(new Fault(request => request.Is("watch", "services")) { Times = 1, ExpireAfter = 1 });
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", _ => true);

        await cluster.ServiceAsync("first");
        await cluster.DeleteAsync("v1", "services", "old");
        await cluster.ServiceAsync("second");

        var set = await watching.UntilAsync("the second", set => set.Services.ContainsKey($"{cluster.Namespace}/second"));
        Assert.True(set.Services.ContainsKey($"{cluster.Namespace}/first"));
        await watching.UntilAsync("the end of the old one", set => !set.Services.ContainsKey($"{cluster.Namespace}/old"));
        Assert.Equal(2, server.Requests.Count(request => request.Is("list", "services")));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_compaction_while_away_lists_anew()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        await cluster.ServiceAsync("goes");
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", _ => true);

        server.GoAway();
        await watching.UntilAsync("the loss is noticed", set => !set.IsCurrent);
        server.Store.Delete("Service", cluster.Namespace, "goes");
        server.Compact();
        server.ComeBack();

        await watching.UntilAsync("it is gone here too", set => set.IsCurrent && !set.Services.ContainsKey($"{cluster.Namespace}/goes"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Bookmarks_carry_a_quiet_watch_over_a_compaction()
    {
        await using var cluster = await TestCluster.StartAsync(new ApiServerOptions { BookmarkInterval = TimeSpan.FromMilliseconds(50) });
        var server = cluster.Server;
        await cluster.ServiceAsync("web");
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", _ => true);
        await Soon.TrueAsync("every watch", () => server.OpenWatches == 7);

        // Others' changes use up versions; the quiet watches hear of it by bookmark alone.
        server.Store.Advance(1000);
        var since = server.Store.Version;
        await Soon.TrueAsync("every watch had a bookmark", () => server.Told >= since);
        server.Compact();
        server.GoAway();
        await watching.UntilAsync("the loss is noticed", set => !set.IsCurrent);
        server.ForgetRequests();
        server.ComeBack();
        await watching.UntilAsync("they watch again", set => set.IsCurrent);
        await cluster.ServiceAsync("after");
        await watching.UntilAsync("what came afterwards", set => set.Services.ContainsKey($"{cluster.Namespace}/after"));

        Assert.DoesNotContain(server.Requests, request => request.Is("list", "services"));
        Assert.Contains(server.Requests, request => request.Is("watch", "services") && long.Parse(request.Parameter("resourceVersion")) >= since);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_list_from_an_API_server_that_is_behind_takes_nothing_back()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        var services = server.Store.Find("", "v1", "services")!;
        var (version, objects) = server.Store.List(services);
        await cluster.ServiceAsync("new");
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", set => set.Services.ContainsKey($"{cluster.Namespace}/new"));

        server.Faults.Add(new Fault(request => request.Is("list", "services")) { Times = 2, Stale = new StaleState(version, objects) });
        server.GoAway();
        await watching.UntilAsync("the loss is noticed", set => !set.IsCurrent);
        server.Compact();
        server.Store.Advance(1);
        server.Compact();
        server.ComeBack();
        await Soon.TrueAsync("it has listed three times more", () => server.Requests.Count(request => request.Is("list", "services")) >= 4);
        await cluster.ServiceAsync("after");
        await watching.UntilAsync("what came afterwards", set => set.Services.ContainsKey($"{cluster.Namespace}/after"));

        Assert.All(watching.Sets, set => Assert.True(set.Services.ContainsKey($"{cluster.Namespace}/new")));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_429_is_left_alone_for_as_long_as_it_asks()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        server.Faults.Add(new Fault(request => request.Is("list", "services")) { Times = 1, Refusal = new ApiRefusalException(429, "TooManyRequests", "later", retryAfter: 1) });
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await using var watching = new Watching(cluster);

        await watching.UntilAsync("the first set", _ => true);

        // Not sooner than asked; how much later does not matter.
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) >= TimeSpan.FromSeconds(1));
        Assert.Equal(2, server.Requests.Count(request => request.Is("list", "services")));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_RBAC_forbids_is_said_by_name_and_the_rest_goes_on()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", _ => true);
        server.Faults.Add(new Fault(request => request.Is("watch", "endpointslices"))
        {
            Refusal = new ApiRefusalException(403, "Forbidden", "endpointslices.discovery.k8s.io is forbidden: User \"nodemesh\" cannot watch resource \"endpointslices\""),
        });
        server.GoAway();
        await watching.UntilAsync("the loss is noticed", set => !set.IsCurrent);
        server.ComeBack();
        await cluster.ServiceAsync("after");

        var set = await watching.UntilAsync("the rest", set => set.Services.ContainsKey($"{cluster.Namespace}/after") && set.Problems.Length == 1);
        var problem = set.Problems[0];
        Assert.Equal(("Kubernetes", "endpointslices", "Forbidden"), (problem.Kind, problem.Id, problem.Reason));
        Assert.False(set.IsCurrent);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_kind_that_is_not_installed_is_no_error_and_is_read_as_soon_as_it_is()
    {
        await using var cluster = await TestCluster.StartAsync();
        var server = cluster.Server;
        await using var watching = new Watching(cluster);
        var before = await watching.UntilAsync("the first set", _ => true);
        Assert.True(before.IsCurrent);
        Assert.Empty(before.Problems);

        await cluster.CreateAsync("apiextensions.k8s.io/v1", "customresourcedefinitions", """
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"httproutes.gateway.networking.k8s.io"},
             "spec":{"group":"gateway.networking.k8s.io","scope":"Namespaced","names":{"kind":"HTTPRoute","plural":"httproutes","singular":"httproute"},
              "versions":[{"name":"v1beta1","served":true,"storage":true,"subresources":{"status":{}},
                "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}}
            """, isNamespaced: false);
        await cluster.CreateAsync("gateway.networking.k8s.io/v1beta1", "httproutes", """
            {"apiVersion":"gateway.networking.k8s.io/v1beta1","kind":"HTTPRoute","metadata":{"name":"canary"},"spec":{"parentRefs":[{"group":"","kind":"Service","name":"web","port":80}]}}
            """);

        var set = await watching.UntilAsync("the route", set => set.HttpRoutes.ContainsKey($"{cluster.Namespace}/canary"));
        Assert.Equal("web", set.HttpRoutes[$"{cluster.Namespace}/canary"].Parents[0].Name);

        server.Store.StopServing("gateway.networking.k8s.io", "httproutes");
        await watching.UntilAsync("it is gone with its kind", set => set.HttpRoutes.IsEmpty && set.IsCurrent);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_wrong_token_is_said_and_tried_again()
    {
        await using var cluster = await TestCluster.StartAsync(new ApiServerOptions { Token = "right" });
        var server = cluster.Server;
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, server.Kubeconfig().Replace("right", "wrong", StringComparison.Ordinal));
        try
        {
            var error = await Assert.ThrowsAsync<Agent.Resources.Kubernetes.ApiException>(async () =>
            {
                using var api = Agent.Resources.Kubernetes.KubernetesApi.Connect(cluster.Options() with { Kubeconfig = file });
                await api.SendAsync(HttpMethod.Get, "/api/v1/pods", default);
            });
            Assert.Equal("Unauthorized", error.Reason);
        }
        finally
        {
            File.Delete(file);
        }
    }
}

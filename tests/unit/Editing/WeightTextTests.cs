using NodeMesh.Agent.Editing;
using Xunit;

namespace NodeMesh.UnitTests.Editing;

/// <summary>Other weights in a file: nothing else in it changes.</summary>
public class WeightTextTests
{
    private const string File = """
        # The shop's own.
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        ---
        # Canary of the web, see the wiki.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: web
          namespace: shop
        spec:
          parentRefs:
          - {group: "", kind: Service, name: web, port: 80}
          rules:
          - name: orders   # no canary
            backendRefs:
            - {name: web-v1, port: 80}
          - name: all
            backendRefs:
            - name: web-v1
              port: 80
              weight: 90   # by hand
            - {name: web-v2, port: 80, weight: 10}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}

        """;

    [Fact]
    public void Only_the_digits_change_and_only_the_document_is_shown()
    {
        var (before, after, text) = Change(File, "all", 50, 5)!.Value;

        Assert.Equal(File.Replace("weight: 90 ", "weight: 50 ", StringComparison.Ordinal).Replace("weight: 10}", "weight: 5}", StringComparison.Ordinal), text);
        Assert.StartsWith("# Canary of the web", before, StringComparison.Ordinal);
        Assert.EndsWith("weight: 10}\n", before, StringComparison.Ordinal);
        Assert.EndsWith("weight: 5}\n", after, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("- {name: a, port: 80}", "- {name: a, port: 80, weight: 7}")]
    [InlineData("- { port: 80, name: a }", "- { port: 80, name: a, weight: 7 }")]
    [InlineData("- {\"name\": \"a\", \"port\": 80}", "- {\"name\": \"a\", \"port\": 80, \"weight\": 7}")]
    [InlineData("- name: a\n  port: 80", "- name: a\n  port: 80\n  weight: 7")]
    [InlineData("- name: a\n  port: 80 # plain\n  filters: []", "- name: a\n  port: 80 # plain\n  weight: 7\n  filters: []")]
    [InlineData("- name: a\n  port: 80\n  weight: 1", "- name: a\n  port: 80\n  weight: 7")]
    [InlineData("- weight:   100\n  name: a\n  port: 80", "- weight:   7\n  name: a\n  port: 80")]
    public void A_weight_that_was_not_there_is_added_as_the_rest_is_written(string backend, string changed)
    {
        var (_, _, text) = Change(Route(backend), "0", 7)!.Value;

        Assert.Equal(Route(changed), text);
        Assert.Equal(Route(changed), Change(text, "0", 7)!.Value.Text);
    }

    [Fact]
    public void Lines_end_as_they_did_and_the_default_is_not_written()
    {
        var route = Route("- name: a\n  port: 80\n- name: b\n  port: 80").Replace("\n", "\r\n", StringComparison.Ordinal);
        var (_, _, text) = Change(route, "0", 1, 9)!.Value;

        Assert.Equal(Route("- name: a\n  port: 80\n- name: b\n  port: 80\n  weight: 9").Replace("\n", "\r\n", StringComparison.Ordinal), text);
        Assert.Equal("\uFEFF" + text, Change("\uFEFF" + route, "0", 1, 9)!.Value.Text);
    }

    [Theory]
    [InlineData("- name: a\n  port: 80\n  weight: \"5\"", "not written as a plain number")]
    [InlineData("- &a {name: a, port: 80, weight: 5}\n- *a", "aliases")]
    [InlineData("- {name: a, port: 80}\n- {name: b, port: 80}\n- {name: c, port: 80}", "3 backends")]
    public void What_can_not_be_changed_so_is_left_to_people(string backends, string why)
    {
        int[] weights = backends.Contains("*a", StringComparison.Ordinal) ? [1, 2] : [3];

        Assert.Contains(why, Assert.Throws<EditException>(() => Change(Route(backends), "0", weights)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_routes_rules_and_texts_are_not_touched()
    {
        Assert.Null(WeightText.Change(File, new WeightChange("shop", "other", "all", [1, 2])));
        Assert.Null(WeightText.Change(File, new WeightChange("default", "web", "all", [1, 2])));
        Assert.Null(WeightText.Change("{ not yaml: [", new WeightChange("shop", "web", "all", [1, 2])));
        Assert.Equal(EditFailure.NotFound, Assert.Throws<EditException>(() => Change(File, "2", 1, 2)).Failure);
    }

    private static (string Before, string After, string Text)? Change(string text, string rule, params int[] weights) => WeightText.Change(text, new WeightChange("shop", "web", rule, weights));

    private static string Route(string backends) =>
        $"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web, namespace: shop}}\nspec:\n  rules:\n  - backendRefs:\n    {backends.Replace("\n", "\n    ", StringComparison.Ordinal)}\n";
}

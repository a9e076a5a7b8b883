using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Storage;

/// <summary>A made-up cluster of many pods, to measure what an agent takes of one: 20 pods to a node, 50 to a Service.</summary>
public static class LargeCluster
{
    public static void Fill(ObjectStore store, int pods)
    {
        for (var i = 0; i < pods; i++)
        {
            store.Put(Pod(i));
            if (i % 50 == 49)
            {
                Service(store, i / 50);
            }
        }
    }

    /// <summary>As large as such objects are in a real cluster, managedFields and all: about 4 KB.</summary>
    public static JsonObject Pod(int i, string ready = "True") => JsonNode.Parse($$$"""
        {"apiVersion":"v1","kind":"Pod",
         "metadata":{"namespace":"team-{{{i / 1000}}}","name":"app-{{{i / 50}}}-6d4cf56db6-{{{i:x5}}}","generateName":"app-{{{i / 50}}}-6d4cf56db6-","uid":"{{{Guid.NewGuid()}}}","creationTimestamp":"2026-01-01T00:00:00Z",
          "labels":{"app.kubernetes.io/name":"app-{{{i / 50}}}","app.kubernetes.io/version":"1.{{{i / 50}}}.0","pod-template-hash":"6d4cf56db6","team":"team-{{{i / 1000}}}"},
          "annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-01T00:00:00Z","checksum/config":"{{{new string('c', 64)}}}"},
          "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-{{{i / 50}}}-6d4cf56db6","uid":"{{{Guid.NewGuid()}}}","controller":true,"blockOwnerDeletion":true}],
          "managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:x":"{{{new string('m', 1200)}}}"}}]},
         "spec":{"nodeName":"node-{{{i / 20}}}","serviceAccountName":"app","volumes":[{"name":"kube-api-access","projected":{"x":"{{{new string('v', 400)}}}"}}],
          "containers":[{"name":"app","image":"registry.example/team/app:1.0","ports":[{"name":"http","containerPort":8080}],"env":[{"name":"X","value":"{{{new string('e', 800)}}}"}]}]},
         "status":{"phase":"Running","podIP":"{{{Address(i)}}}","podIPs":[{"ip":"{{{Address(i)}}}"}],"hostIP":"192.168.0.1","startTime":"2026-01-01T00:00:00Z",
          "conditions":[{"type":"PodScheduled","status":"True"},{"type":"Initialized","status":"True"},{"type":"ContainersReady","status":"{{{ready}}}"},{"type":"Ready","status":"{{{ready}}}"}],
          "containerStatuses":[{"name":"app","ready":true,"x":"{{{new string('s', 300)}}}"}]}}
        """)!.AsObject();

    private static void Service(ObjectStore store, int i)
    {
        var ns = $"team-{i / 20}";
        store.Put($$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{"namespace":"{{{ns}}}","name":"app-{{{i}}}"},
             "spec":{"clusterIP":"10.{{{128 + (i >> 16)}}}.{{{(i >> 8) & 255}}}.{{{i & 255}}}","selector":{"app.kubernetes.io/name":"app-{{{i}}}"},"ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]}}
            """);
        var endpoints = Enumerable.Range(i * 50, 50).Select(pod =>
            $"{{\"addresses\":[\"{Address(pod)}\"],\"conditions\":{{\"ready\":true,\"serving\":true,\"terminating\":false}},\"nodeName\":\"node-{pod / 20}\",\"targetRef\":{{\"kind\":\"Pod\",\"namespace\":\"{ns}\",\"name\":\"app-{i}-6d4cf56db6-{pod:x5}\"}},\"zone\":\"a\"}}");
        store.Put($$$"""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"namespace":"{{{ns}}}","name":"app-{{{i}}}-1","labels":{"kubernetes.io/service-name":"app-{{{i}}}"}},
             "addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],"endpoints":[{{{string.Join(',', endpoints)}}}]}
            """);
    }

    private static string Address(int i) => $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}";
}

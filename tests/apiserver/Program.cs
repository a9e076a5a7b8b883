using System.Net;
using NodeMesh.TestApiServer.Serving;
using NodeMesh.TestApiServer.Storage;

// nodemesh-testapiserver [PORT] [--pods N] [FILE.yaml ...]: serves on loopback until it is ended; what the files declare is there from the
// start, and so is a made-up cluster of N pods, of which each second 100 change.
var port = args.Length > 0 && int.TryParse(args[0], out var given) ? given : 0;
await using var server = await ApiServer.StartAsync(new ApiServerOptions { Address = new IPEndPoint(IPAddress.Loopback, port) });
foreach (var file in args.Where(File.Exists))
{
    foreach (var json in Bodies.ParseAll(await File.ReadAllTextAsync(file)))
    {
        server.Store.Put(json);
        if ((string?)json["kind"] == "CustomResourceDefinition")
        {
            server.Customs.Define(json);
        }
    }
}
var pods = Array.IndexOf(args, "--pods") is >= 0 and var at ? int.Parse(args[at + 1]) : 0;
LargeCluster.Fill(server.Store, pods);
Console.WriteLine($"ready {server.Address}");
for (var i = 0; ; i += 100)
{
    await Task.Delay(1000);
    for (var pod = i; pod < i + 100 && pods > 0; pod++)
    {
        server.Store.Put(LargeCluster.Pod(pod % pods, ready: (pod / pods) % 2 == 0 ? "False" : "True"));
    }
}

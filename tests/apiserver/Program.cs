using System.Net;
using NodeMesh.TestApiServer.Serving;

// nodemesh-testapiserver [PORT] [FILE.yaml ...]: serves on loopback until it is ended; what the files declare is there from the start.
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
Console.WriteLine($"ready {server.Address}");
await Task.Delay(Timeout.Infinite);

using NodeMesh.TestApp;
using NodeMesh.TestApp.Calling;
using NodeMesh.TestApp.Serving;

// Servers and clients that know nothing of the mesh.
//   nodemesh-testapp serve --name web-1 [--http 8080 …]    all servers in one process, until SIGTERM
//   nodemesh-testapp collect                               a collector of the OpenTelemetry protocol, until SIGTERM
//   nodemesh-testapp call KIND HOST:PORT [--path / …]      one call, one JSON line, exit code 0 or 1
//   nodemesh-testapp shell                                 calls as JSON lines on stdin, answers on stdout in any order
switch (args)
{
    case ["serve", .. var rest]:
        return await Server.RunAsync(Arguments.Parse<ServeOptions>(rest));
    case ["call", var kind, var target, .. var rest]:
        var result = await Caller.CallAsync(Arguments.Parse<CallRequest>(rest) with { Kind = kind, Target = target });
        Console.WriteLine(Arguments.ToJson(result));
        return result.Ok ? 0 : 1;
    case ["shell"]:
        return await CallShell.RunAsync(Console.In, Console.Out);
    case ["collect"]:
        return await Collector.RunAsync();
    default:
        Console.Error.WriteLine("nodemesh-testapp: serve [--name NAME] [--http PORT …] | collect | call KIND HOST:PORT [--option value …] | shell");
        return 2;
}

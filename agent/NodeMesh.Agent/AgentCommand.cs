using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.CniChain;
using NodeMesh.Agent.Editing;
using NodeMesh.Agent.Kernel;
using NodeMesh.Agent.Reporting;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Directory;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.Agent.Serving.Console;
using NodeMesh.Agent.Supervision;
using NodeMesh.Contract.Telemetry;

namespace NodeMesh.Agent;

/// <summary>The command line of nodemesh-agent.</summary>
internal static class AgentCommand
{
    public const uint DefaultProxyUser = 15020;

    private const string StandBy = "--stand-by";

    public static RootCommand Create()
    {
        var resources = new Option<DirectoryInfo?>("--resources") { Description = "Directory of YAML files, watched" };
        var kubernetes = new Option<bool>("--kubernetes") { Description = "Resources from the Kubernetes API: as the service account of this pod, or by --kubeconfig" };
        var kubeconfig = new Option<FileInfo?>("--kubeconfig") { Description = "File that says how the Kubernetes API is reached" };
        var context = new Option<string?>("--context") { Description = "Context of the kubeconfig; else its current one" };
        var daemonSet = new Option<string?>("--daemonset") { Description = "With --kubernetes: NAMESPACE/NAME of the DaemonSet that runs this agent; when stopped, capture is left to a successor as long as it exists" };
        var capture = new Option<CaptureChoice>("--capture") { DefaultValueFactory = _ => CaptureChoice.Auto, Description = "How to capture: auto probes the kernel" };
        var admin = new Option<IPEndPoint>("--admin")
        {
            DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 15020),
            CustomParser = result => ParseEndPoint(result.Tokens[0].Value, result.AddError),
            Description = "Address of /metrics, /healthz, /readyz, /pods, /config, /problems, and of the console (/console/)",
        };
        var tap = new Option<string>("--tap") { DefaultValueFactory = _ => "local", Description = "Who may watch traffic at the admin address (/tap): local, who dials it from this machine; anywhere, whoever reaches it" };
        tap.AcceptOnlyFromAmong("local", "anywhere");
        var consoleToken = new Option<string?>("--console-token") { Description = "File with the token by which others than this machine's own users see the console (/console/ at the admin address); without it they don't" };
        var consoleEdit = new Option<bool>("--console-edit") { Description = "Let the console change the weights of HTTPRoutes, in the files of --resources or in the API server; with --console-token only for who has it" };
        var prometheus = new Option<string?>("--prometheus") { Description = "Address of the Prometheus that scrapes all nodes, such as http://prometheus:9090: the console shows the traffic of all of them, too" };
        var state = new Option<string>("--state") { DefaultValueFactory = _ => "/run/nodemesh", Description = "Directory of every socket, pin and file of this agent" };
        var proxy = new Option<string>("--proxy")
        {
            DefaultValueFactory = _ => Path.Combine(AppContext.BaseDirectory, "nodemesh-proxy"),
            Description = "The proxy's executable; or external: proxies are started by somebody else, and connect by themselves",
        };
        var accessLogs = new Option<string?>("--access-log-dir") { Description = "Directory for the files of access logs, made for the proxy's user; without it policies can't have any" };
        var instance = new Option<string>("--instance") { DefaultValueFactory = _ => "", Description = "With --proxy external: the name that this agent and its proxy have in common, such as the uid of their pod" };
        var takeOver = new Option<bool>("--take-over") { Description = "Take the state directory over from a running agent, without a gap, and stand by for whoever takes it over in turn" };
        var standBy = new Option<bool>(StandBy) { Hidden = true, Description = "Wait until no other agent holds the state directory" };
        var pins = new Option<string?>("--bpf-pins") { Description = "Directory of a mounted bpffs to pin eBPF programs in; by default a bpffs of this agent's own, below the state directory" };
        var proc = new Option<string>("--proc") { DefaultValueFactory = _ => "/proc", Description = "Where the machine's procfs is mounted, writable; in a container /proc is the container's own" };
        var chain = new ChainArguments();
        var proxyUser = new Option<uint>("--proxy-user") { DefaultValueFactory = _ => DefaultProxyUser, Description = "User and group id of the proxy" };
        var node = new Option<string>("--node") { DefaultValueFactory = _ => Environment.MachineName, Description = "Name of this node; pods with another spec.nodeName live elsewhere" };
        var onFailure = new Option<FailurePolicy>("--on-failure") { DefaultValueFactory = _ => FailurePolicy.Closed, Description = "New connections while no proxy is alive, where neither pod nor Namespace says: closed refuses them, open lets them through unmeshed" };
        var drain = new Option<double>("--drain") { DefaultValueFactory = _ => 10, Description = "Seconds that connections under way get when a pod, a proxy or the agent stops" };
        var keep = new Option<bool>("--keep-on-stop") { Description = "Leave capture and proxy in place when stopped, for a successor (an upgrade of the agent)" };
        var level = new Option<LogLevel>("--log-level") { DefaultValueFactory = _ => LogLevel.Information };

        var run = new Command("run", "Puts the pods of this node behind its proxy")
        {
            resources, kubernetes, kubeconfig, context, daemonSet, node,
            capture, pins, proc, onFailure,
            admin, tap, consoleToken, consoleEdit, prometheus, state, level,
            proxy, proxyUser, instance, accessLogs,
            drain, keep, takeOver, standBy,
        };
        chain.AddTo(run);
        run.Validators.Add(result =>
        {
            var fromApi = result.GetValue(kubernetes);
            if (fromApi == (result.GetValue(resources) is not null))
            {
                result.AddError("give either --resources DIR or --kubernetes: it says where Pods, Services and the rest are read from");
            }
            else if (!fromApi && (result.GetValue(kubeconfig) is not null || result.GetValue(context) is not null))
            {
                result.AddError("--kubeconfig and --context go with --kubernetes");
            }
            else if (result.GetValue(context) is not null && result.GetValue(kubeconfig) is null)
            {
                result.AddError("--context names a context of a kubeconfig: give --kubeconfig FILE too");
            }
        });
        run.Validators.Add(result =>
        {
            if (result.GetValue(prometheus) is { } address && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            {
                result.AddError($"--prometheus {address}: give an address such as http://prometheus:9090");
            }
        });
        run.SetAction((parsed, cancellation) => RunAsync(
            new AgentOptions
            {
                Source = parsed.GetValue(resources)?.FullName ?? "the Kubernetes API",
                DaemonSet = parsed.GetValue(daemonSet),
                Capture = parsed.GetValue(capture),
                Admin = parsed.GetValue(admin)!,
                IsTapOpen = parsed.GetValue(tap) == "anywhere",
                Console = new ConsoleOptions { TokenFile = parsed.GetValue(consoleToken), Prometheus = parsed.GetValue(prometheus) is { } address ? new Uri(address) : null },
                State = new StateDirectory(parsed.GetValue(state)!),
                Proxy = parsed.GetValue(proxy) is var executable && executable == "external" ? null : executable,
                Instance = parsed.GetValue(instance)!,
                AccessLogs = parsed.GetValue(accessLogs) is { } path ? Path.GetFullPath(path) : null,
                TakeOver = parsed.GetValue(takeOver),
                StandBy = parsed.GetValue(standBy),
                Pins = parsed.GetValue(pins),
                Proc = parsed.GetValue(proc)!,
                Chain = chain.Read(parsed, new StateDirectory(parsed.GetValue(state)!)),
                ProxyUser = parsed.GetValue(proxyUser),
                Node = parsed.GetValue(node)!,
                OnFailure = parsed.GetValue(onFailure),
                Drain = TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(drain), 0, 3600)),
                KeepOnStop = parsed.GetValue(keep),
                LogLevels = new LogLevels(parsed.GetValue(level), TimeProvider.System),
            },
            parsed.GetValue(resources)?.FullName,
            parsed.GetValue(consoleEdit),
            new KubernetesOptions
            {
                Node = parsed.GetValue(node)!,
                Kubeconfig = parsed.GetValue(kubeconfig)?.FullName,
                Context = parsed.GetValue(context),
            }));
        return new RootCommand("The agent of a NodeMesh node") { run };
    }

    /// <param name="directory">null: the resources come from the Kubernetes API.</param>
    private static async Task<int> RunAsync(AgentOptions options, string? directory, bool canEdit, KubernetesOptions kubernetes)
    {
        // First of all: from here on, a signal means that whatever was begun is put back.
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddFilter(options.LogLevels.Logs).AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        }));
        try
        {
            if (!Environment.IsPrivilegedProcess)
            {
                throw new AgentStartException("nodemesh-agent enters network namespaces and loads eBPF programs: run it as root (sudo nodemesh-agent run ...)");
            }
            HostProc.Root = options.Proc.TrimEnd('/');
            using var api = directory is null ? KubernetesApi.Connect(kubernetes) : null;
            IResourceSource source = directory is null
                ? new KubernetesSource(api!, kubernetes, TimeProvider.System, Random.Shared, logs.CreateLogger("kubernetes"))
                : new DirectorySource(directory, new DirectoryOptions(), TimeProvider.System);
            if (canEdit)
            {
                options = options with { Console = options.Console with { Weights = directory is null ? new ApiWeights(api!) : new FileWeights(directory) } };
            }
            if (api is not null && options.DaemonSet?.Split('/') is [var home, var name])
            {
                options = options with { WillBeSucceeded = new OwnDaemonSet(api, home, name, logs.CreateLogger("kubernetes")).WillStartAnotherAsync };
            }
            if (options.TakeOver)
            {
                await options.State.TakeOverAsync(options.ProxyUser, ask: !options.StandBy, stop.Token).ConfigureAwait(false);
            }
            else
            {
                options.State.Open(options.ProxyUser);
            }
            options.State.Claim(options.Instance);
            if (options.AccessLogs is { } directoryOfLogs)
            {
                StateDirectory.MakeForProxy(directoryOfLogs, options.ProxyUser);
            }
            if (options.Proxy is { } proxy && ProcessIdentity.Load(options.State.ProxyPid) is not { IsAlive: true })
            {
                // Found out while nothing in the kernel has been changed.
                ProxyExecutable.Reachable(proxy, options.State, options.ProxyUser);
            }
            var reports = api is null ? null : new KubernetesReports(
                api, new LeaseOptions(api.Namespace, "nodemesh-status", $"{options.Node}-{Environment.ProcessId}"), options.Node,
                TimeProvider.System, Random.Shared, logs.CreateLogger("reports"));
            using var capture = CaptureChooser.Choose(options, logs.CreateLogger("capture"));
            var succeeded = await new NodeAgent(options, capture, reports, logs, TimeProvider.System).RunAsync(source, stop.Token).ConfigureAwait(false);
            if (succeeded && !stop.IsCancellationRequested)
            {
                // Nothing of what this process holds, listeners and namespaces above all, may stay while it stands by.
                throw ProcessImage.Restart(StandBy);
            }
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is AgentStartException or CaptureException)
        {
            options.State.Discard();
            await Console.Error.WriteLineAsync(e.Message).ConfigureAwait(false);
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    // The address may be in brackets whatever its family: whoever puts it together from a variable can't know.
    private static IPEndPoint? ParseEndPoint(string text, Action<string> error)
    {
        var plain = text.StartsWith('[') && !text.Split(']')[0].Contains(':') ? text.Replace("[", "").Replace("]", "") : text;
        if (IPEndPoint.TryParse(plain, out var address) && address.Port != 0)
        {
            return address;
        }
        error($"--admin {text}: give an address and a port, such as 127.0.0.1:15020");
        return null;
    }
}

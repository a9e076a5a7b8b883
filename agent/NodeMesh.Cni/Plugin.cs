using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NodeMesh.Cni.Protocol;

namespace NodeMesh.Cni;

/// <summary>
/// The chained CNI plugin: the pod has its network from the plugins before; this one asks the agent to capture it, and only
/// then lets it start, so that the first packet of the app is captured. It changes nothing itself.
/// </summary>
internal sealed class Plugin(CniEnvironment environment, NetworkConfiguration configuration, TextWriter log)
{
    // So that the agent's own reason arrives, rather than none.
    private static readonly TimeSpan Headroom = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan DeleteLimit = TimeSpan.FromSeconds(3);

    public static int Run(CniEnvironment environment, Stream stdin, Stream stdout, TextWriter log)
    {
        var version = SpecVersion.Newest;
        try
        {
            if (environment.Command == "VERSION")
            {
                Write(stdout, new VersionResult(SpecVersion.Newest, SpecVersion.Supported), CniDocuments.Default.VersionResult);
                return 0;
            }
            var configuration = NetworkConfiguration.Read(stdin);
            version = configuration.CniVersion;
            new Plugin(environment, configuration, log).Run(stdout);
            return 0;
        }
        catch (CniException e) when (environment.Command == "DEL")
        {
            // A pod that can't be deleted blocks its node: whatever it is, the agent finds out by itself that the pod is gone.
            log.WriteLine($"nodemesh-cni: {e.Message}");
            return 0;
        }
        catch (CniException e)
        {
            Write(stdout, new ErrorResult(version, e.Code, e.Message, e.Details.Length == 0 ? null : e.Details), CniDocuments.Default.ErrorResult);
            return 1;
        }
    }

    private void Run(Stream stdout)
    {
        switch (environment.Command)
        {
            case "ADD":
                CheckVersion();
                var result = PreviousResult();
                Add();
                Write(stdout, result, CniDocuments.Default.JsonElement);
                break;
            case "DEL":
                AgentClient.Ask(configuration.Socket, Question(), DeleteLimit < configuration.Timeout ? DeleteLimit : configuration.Timeout, out _);
                break;
            case "CHECK":
                CheckVersion();
                PreviousResult();
                Check();
                break;
            case "STATUS":
                Status();
                break;
            case "GC":
                Collect();
                break;
            default:
                throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_COMMAND is \"{environment.Command}\": give ADD, DEL, CHECK, STATUS, GC or VERSION");
        }
    }

    private void Add()
    {
        RequireAttachment();
        if (!IsAsked())
        {
            return;
        }
        var question = Question() with { LimitMilliseconds = (int)(configuration.Timeout - Headroom).TotalMilliseconds };
        var answer = Ask(question, configuration.Timeout, out var failure);
        if (answer is { Outcome: not CniOutcome.Refused })
        {
            return;
        }
        var why = answer?.Reason ?? failure;
        if (configuration.OnAgentFailure == AgentFailurePolicy.Fail)
        {
            throw new CniException(CniErrorCode.NotCaptured,
                $"pod {question.PodNamespace}/{question.PodName} is not taken into the mesh: {why}", "it is tried again; onAgentFailure: unmeshed in the configuration lets pods start without the mesh instead");
        }
        log.WriteLine($"nodemesh-cni: pod {question.PodNamespace}/{question.PodName} starts unmeshed: {why}");
        // Also for an agent that answered: it can't know that the pod starts all the same.
        MissedQuestions.Leave(configuration.Socket, question, log);
    }

    private void Check()
    {
        RequireAttachment();
        if (!IsAsked())
        {
            return;
        }
        var question = Question();
        var answer = Ask(question, configuration.Timeout, out var failure)
            ?? throw new CniException(CniErrorCode.TryAgainLater, $"pod {question.PodNamespace}/{question.PodName}: {failure}");
        if (answer.Outcome == CniOutcome.Refused && configuration.OnAgentFailure == AgentFailurePolicy.Fail)
        {
            throw new CniException(CniErrorCode.NotCaptured, $"pod {question.PodNamespace}/{question.PodName} is not captured: {answer.Reason}");
        }
    }

    private void Status()
    {
        if (configuration.OnAgentFailure == AgentFailurePolicy.Unmeshed)
        {
            return;
        }
        var answer = Ask(new CniQuestion { Command = "STATUS" }, configuration.Timeout, out var failure);
        if (answer is not { Outcome: CniOutcome.Done })
        {
            throw new CniException(CniErrorCode.NotAvailable, $"pods can't be taken into the mesh now: {answer?.Reason ?? failure}");
        }
    }

    private void Collect()
    {
        if (configuration.ValidContainers is { } containers)
        {
            AgentClient.Ask(configuration.Socket, new CniQuestion { Command = "GC", Containers = containers }, configuration.Timeout, out _);
        }
    }

    /// <summary>Only pods of Kubernetes are asked about, and not those that the configuration leaves out.</summary>
    private bool IsAsked() => environment.Argument("K8S_POD_NAME").Length > 0
        && !configuration.ExcludedNamespaces.Contains(environment.Argument("K8S_POD_NAMESPACE"));

    private CniQuestion Question() => new()
    {
        Command = environment.Command,
        ContainerId = environment.ContainerId,
        Netns = environment.Netns,
        PodNamespace = environment.Argument("K8S_POD_NAMESPACE"),
        PodName = environment.Argument("K8S_POD_NAME"),
        PodUid = environment.Argument("K8S_POD_UID"),
        Addresses = configuration.Addresses(),
    };

    private CniAnswer? Ask(CniQuestion question, TimeSpan limit, out string failure) => AgentClient.AskPatiently(configuration.Socket, question, limit, out failure);

    private void CheckVersion()
    {
        if (!SpecVersion.Supported.Contains(configuration.CniVersion))
        {
            throw new CniException(CniErrorCode.IncompatibleVersion,
                $"cniVersion {configuration.CniVersion} is not supported", $"supported: {string.Join(", ", SpecVersion.Supported)}");
        }
    }

    private void RequireAttachment()
    {
        if (environment.ContainerId.Length == 0 || environment.Netns.Length == 0)
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, $"{environment.Command} needs CNI_CONTAINERID and CNI_NETNS");
        }
    }

    private JsonElement PreviousResult() => configuration.PreviousResult
        ?? throw new CniException(CniErrorCode.InvalidConfiguration,
            "there is no prevResult: nodemesh-cni gives no pod a network of its own; put it behind the plugin that does, in the \"plugins\" of a .conflist");

    private static void Write<T>(Stream stdout, T document, JsonTypeInfo<T> type)
    {
        JsonSerializer.Serialize(stdout, document, type);
        stdout.Flush();
    }
}

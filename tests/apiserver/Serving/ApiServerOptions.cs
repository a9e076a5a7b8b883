using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace NodeMesh.TestApiServer.Serving;

public sealed record ApiServerOptions
{
    /// <summary>Port 0: any that is free.</summary>
    public IPEndPoint Address { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>A listening socket that was made in another network namespace, by descriptor; it takes the place of the address.</summary>
    public ulong? Socket { get; init; }

    /// <summary>Serves TLS, with HTTP/2.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>What every request must have as its bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>A quiet watch gets a bookmark this often; Kubernetes' own take a minute.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How pods are reached for pods/proxy; null: as from this process.</summary>
    public Func<IPEndPoint, CancellationToken, ValueTask<Stream>>? DialPod { get; init; }
}

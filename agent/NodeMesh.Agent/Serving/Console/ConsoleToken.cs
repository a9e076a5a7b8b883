using System.Security.Cryptography;
using System.Text;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>The token in a file. Read each time: a Secret that is mounted may be replaced at any moment.</summary>
internal sealed class ConsoleToken(string? file)
{
    private const int LeastLength = 16;

    public bool IsGiven => file is not null;

    /// <exception cref="AgentStartException">It is none that would keep anybody out.</exception>
    public void Check()
    {
        if (file is null)
        {
            return;
        }
        try
        {
            if (Read() is not { Length: >= LeastLength })
            {
                throw new AgentStartException($"the console's token in {file} is shorter than {LeastLength} characters: write one with `openssl rand -hex 32`");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStartException($"the console's token {file} can't be read: {e.Message}");
        }
    }

    /// <summary>Whether this is it; takes as long whichever part of it is wrong.</summary>
    public bool Is(string said)
    {
        try
        {
            return file is not null && Read() is { Length: >= LeastLength } token
                && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), SHA256.HashData(Encoding.UTF8.GetBytes(said)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string Read() => File.ReadAllText(file!).Trim();
}

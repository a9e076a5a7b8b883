using System.Security.Cryptography;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>Browsers that have shown the token, by what their cookie says.</summary>
internal sealed class ConsoleLogins(TimeProvider time)
{
    /// <summary>How long a browser stays in.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    // Who has the token could make any number; the oldest goes.
    private const int Most = 256;

    private readonly Lock _lock = new();
    private readonly LinkedList<(string Id, DateTimeOffset Ends)> _logins = [];

    public string Add()
    {
        var id = RandomNumberGenerator.GetHexString(64, lowercase: true);
        lock (_lock)
        {
            while (_logins.First is { } oldest && (_logins.Count >= Most || oldest.Value.Ends <= time.GetUtcNow()))
            {
                _logins.RemoveFirst();
            }
            _logins.AddLast((id, time.GetUtcNow() + Lifetime));
        }
        return id;
    }

    public bool Knows(string id)
    {
        lock (_lock)
        {
            return _logins.Any(login => login.Id == id && login.Ends > time.GetUtcNow());
        }
    }

    public void Remove(string id)
    {
        lock (_lock)
        {
            if (_logins.FirstOrDefault(login => login.Id == id) is { Id: not null } login)
            {
                _logins.Remove(login);
            }
        }
    }
}

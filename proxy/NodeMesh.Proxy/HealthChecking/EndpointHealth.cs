using NodeMesh.Contract;

namespace NodeMesh.Proxy.HealthChecking;

/// <summary>What checks have said of one endpoint. The first decides at once; later ones must agree so many times in a row.</summary>
internal sealed class EndpointHealth
{
    private bool? _isWell;
    private int _against;

    /// <summary>When it is asked next, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long Due { get; set; }

    /// <summary>It is being asked.</summary>
    public bool IsUnderWay { get; set; }

    public bool IsUnwell => _isWell == false;

    /// <returns>True: it is not as it was.</returns>
    public bool Take(bool passed, HealthCheckRules rules)
    {
        if (_isWell is not { } isWell)
        {
            _isWell = passed;
            return !passed; // what is not known is taken to be well
        }
        if (passed == isWell)
        {
            _against = 0;
            return false;
        }
        if (++_against < (isWell ? rules.UnhealthyThreshold : rules.HealthyThreshold))
        {
            return false;
        }
        _isWell = passed;
        _against = 0;
        return true;
    }
}

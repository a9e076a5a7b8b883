using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using NodeMesh.Contract.External;

namespace NodeMesh.TestApp.Serving;

/// <summary>Three requests an hour for each descriptor.</summary>
internal sealed class LimitServer : RateLimitService.RateLimitServiceBase
{
    private const int Most = 3;
    private readonly ConcurrentDictionary<string, int> _counts = new();

    public override Task<RateLimitResponse> ShouldRateLimit(RateLimitRequest request, ServerCallContext context)
    {
        var response = new RateLimitResponse { OverallCode = RateLimitResponse.Types.Code.Ok };
        foreach (var descriptor in request.Descriptors)
        {
            var count = _counts.AddOrUpdate($"{request.Domain} {descriptor}", 1, (_, before) => before + 1);
            var isOver = count > Most;
            response.Statuses.Add(new RateLimitResponse.Types.DescriptorStatus
            {
                Code = isOver ? RateLimitResponse.Types.Code.OverLimit : RateLimitResponse.Types.Code.Ok,
                CurrentLimit = new RateLimitResponse.Types.RateLimit { RequestsPerUnit = Most, Unit = RateLimitResponse.Types.RateLimit.Types.Unit.Hour, Name = "three" },
                DurationUntilReset = Duration.FromTimeSpan(TimeSpan.FromMinutes(30)),
            });
            response.OverallCode = isOver ? RateLimitResponse.Types.Code.OverLimit : response.OverallCode;
        }
        response.RequestHeadersToAdd.Add(new RateLimitResponse.Types.Header { Key = "x-asked", Value = request.Domain });
        response.ResponseHeadersToAdd.Add(new RateLimitResponse.Types.Header { Key = "x-limited-by", Value = "us" });
        return Task.FromResult(response);
    }
}

using Grpc.Core;
using NodeMesh.Contract.External;

namespace NodeMesh.TestApp.Serving;

/// <summary>Lets those pass whose header x-token is "good", and says in headers what it was told.</summary>
internal sealed class CheckServer : Authorization.AuthorizationBase
{
    public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context)
    {
        var (http, source) = (request.Attributes.Request.Http, request.Attributes.Source);
        var saw = $"{http.Method} {http.Path} {http.Host} {http.RawBody.Length} {source.Service} {source.Address.SocketAddress.Address}";
        var response = new CheckResponse { Status = new NodeMesh.Contract.External.Status() };
        if (http.Headers.TryGetValue("x-token", out var token) && token == "good")
        {
            response.OkResponse = new OkHttpResponse
            {
                Headers = { Header("x-user", "alice"), Header("x-saw", saw), Header("x-list", "more", append: true) },
                HeadersToRemove = { "x-token" },
                ResponseHeadersToAdd = { Header("x-checked", "yes") },
            };
        }
        else
        {
            response.Status.Code = 16;
            response.DeniedResponse = new DeniedHttpResponse { Status = new HttpStatus { Code = 401 }, Headers = { Header("x-why", "no token") }, Body = "who are you?" };
        }
        return Task.FromResult(response);
    }

    private static HeaderValueOption Header(string name, string value, bool append = false) => new() { Header = new HeaderValue { Key = name, Value = value }, Append = append };
}

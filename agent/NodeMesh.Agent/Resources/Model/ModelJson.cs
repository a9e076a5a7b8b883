using System.Text.Json.Serialization;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Model;

/// <summary>The JSON form of the model, as files and the Kubernetes API have it. Fields the mesh does not use are ignored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(Definition))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(HttpRoute))]
[JsonSerializable(typeof(GrpcRoute))]
[JsonSerializable(typeof(TlsRoute))]
[JsonSerializable(typeof(TcpRoute))]
[JsonSerializable(typeof(ReferenceGrant))]
[JsonSerializable(typeof(AuthorizationPolicy))]
[JsonSerializable(typeof(RateLimitPolicy))]
[JsonSerializable(typeof(FaultPolicy))]
[JsonSerializable(typeof(TrafficPolicy))]
[JsonSerializable(typeof(EgressPolicy))]
[JsonSerializable(typeof(BackendTrafficPolicy))]
[JsonSerializable(typeof(TelemetryPolicy))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(BackendTlsPolicy))]
[JsonSerializable(typeof(BackendTlsValidation))]
[JsonSerializable(typeof(Rollout))]
[JsonSerializable(typeof(RolloutStatus))]
internal sealed partial class ModelJson : JsonSerializerContext;

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Validation;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Reads one file: each document is read, or is a problem, alone.</summary>
internal sealed class ResourceFileReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly string _path;
    private readonly Dictionary<(string Kind, string Id), DeclaredObject> _previous = [];
    private readonly ImmutableArray<DeclaredObject>.Builder _objects = ImmutableArray.CreateBuilder<DeclaredObject>();
    private readonly ImmutableArray<ResourceProblem>.Builder _problems = ImmutableArray.CreateBuilder<ResourceProblem>();
    private int _skipped;

    private ResourceFileReader(ResourceFile previous)
    {
        _path = previous.Path;
        foreach (var declared in previous.Objects)
        {
            _previous.TryAdd((declared.Kind.Name, declared.Resource.Metadata.Id), declared);
        }
    }

    /// <param name="previous">The file as last read: objects that did not change are taken from it; all of them when the new text is no YAML.</param>
    public static ResourceFile Read(ResourceFile previous, ReadOnlySpan<byte> content)
    {
        try
        {
            var documents = previous.Path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
                ? JsonDocuments.Read(content)
                : YamlDocuments.Read(Text(content));
            return new ResourceFileReader(previous).Read(documents);
        }
        catch (DocumentException broken)
        {
            var kept = previous.Objects.IsEmpty ? "" : "; what it declared before stays in force";
            return previous.Broken(new ResourceProblem("File", previous.Path, "SyntaxError", broken.Message + kept)
            {
                At = new SourceLocation(previous.Path, 0, broken.Line),
            });
        }
    }

    private static string Text(ReadOnlySpan<byte> content)
    {
        try
        {
            return StrictUtf8.GetString(content.StartsWith(Encoding.UTF8.Preamble) ? content[3..] : content);
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentException(0, "the file is not UTF-8 text");
        }
    }

    private ResourceFile Read(IReadOnlyList<DocumentNode> documents)
    {
        for (var i = 0; i < documents.Count; i++)
        {
            ReadDocument(documents[i], i + 1);
        }
        return new ResourceFile(_path) { Objects = _objects.ToImmutable(), Problems = _problems.ToImmutable(), Skipped = _skipped };
    }

    private void ReadDocument(DocumentNode node, int document)
    {
        switch (node)
        {
            case ScalarNode { Kind: ScalarKind.Null }:
                break;
            case MappingNode map when map.TextOf("kind") == "List" && map.TextOf("apiVersion") == "v1":
                if (map["items"] is SequenceNode items)
                {
                    foreach (var item in items.Items)
                    {
                        ReadDocument(item, document);
                    }
                }
                break;
            case MappingNode map:
                ReadObject(map, document);
                break;
            default:
                Complain("File", _path, "NotAnObject", document, node, "", $"{node.Describe()} is no object: apiVersion, kind and metadata are expected");
                break;
        }
    }

    private void ReadObject(MappingNode map, int document)
    {
        var id = IdOf(map);
        if (map.TextOf("kind") is not { } kind || map.TextOf("apiVersion") is not { } apiVersion)
        {
            Complain("File", _path, "NotAnObject", document, map, "", $"the object {id} has no {(map.TextOf("kind") is null ? "kind" : "apiVersion")}");
            return;
        }
        if (Kinds.Find(apiVersion, kind, out var complaint) is { } known)
        {
            ReadKnown(known, id, map, document);
        }
        else if (complaint is not null)
        {
            Complain(kind, id, "UnknownKind", document, map, "apiVersion", complaint);
        }
        else
        {
            _skipped++;
        }
    }

    private void ReadKnown(ResourceKind known, string id, MappingNode map, int document)
    {
        var kind = known.Name;
        try
        {
            var json = NodeJson.Write(map).Span;
            var fingerprint = Fingerprint(json);
            if (_previous.TryGetValue((kind, id), out var same) && same.Fingerprint == fingerprint)
            {
                _objects.Add(same with { At = new SourceLocation(_path, document, map.Line) });
                return;
            }
            var resource = known.Read(json);
            var errors = ResourceRules.Check(resource).All;
            foreach (var (field, message) in errors)
            {
                Complain(kind, id, "Invalid", document, FieldPath.Find(map, field), field, $"{field} {message}");
            }
            if (errors.Count == 0)
            {
                _objects.Add(new DeclaredObject(known, resource, fingerprint, new SourceLocation(_path, document, map.Line)));
            }
            else
            {
                StandIn(known, id, map, document, $"{errors[0].Field} {errors[0].Message}");
            }
        }
        catch (JsonException problem)
        {
            var field = problem.Path is ['$', '.', .. var path] ? path : problem.Path ?? "";
            var node = FieldPath.Find(map, field);
            Complain(kind, id, "Invalid", document, node, field, $"{field} can not be {node.Describe()}");
            StandIn(known, id, map, document, $"{field} can not be {node.Describe()}");
        }
        catch (DocumentException problem)
        {
            _problems.Add(new ResourceProblem(kind, id, "Invalid", problem.Message) { At = new SourceLocation(_path, document, problem.Line) });
            StandIn(known, id, map, document, problem.Message);
        }
    }

    private void StandIn(ResourceKind known, string id, MappingNode map, int document, string why)
    {
        if (known.Unreadable is { } unreadable && id.IndexOf('/', StringComparison.Ordinal) is var slash and > 0)
        {
            var metadata = new ObjectMeta { Namespace = id[..slash], Name = id[(slash + 1)..] };
            _objects.Add(new DeclaredObject(known, unreadable(metadata, why), 0, new SourceLocation(_path, document, map.Line)));
        }
    }

    private static string IdOf(MappingNode map)
    {
        var metadata = map["metadata"] as MappingNode;
        var name = metadata?.TextOf("name") is { Length: > 0 } given ? given : "(no name)";
        return Kinds.Named(map.TextOf("kind")) is { IsNamespaced: false } ? name : $"{(metadata?.TextOf("namespace") is { Length: > 0 } ns ? ns : "default")}/{name}";
    }

    private void Complain(string kind, string id, string reason, int document, DocumentNode at, string field, string message) =>
        _problems.Add(new ResourceProblem(kind, id, reason, message) { At = new SourceLocation(_path, document, at.Line, field) });

    private static UInt128 Fingerprint(ReadOnlySpan<byte> json)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(json, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}

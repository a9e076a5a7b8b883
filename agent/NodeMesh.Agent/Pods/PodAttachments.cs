using System.Text.Json;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Pods;

/// <summary>
/// Where the pods' network namespaces are, as the CNI plugin announced them: known before the API tells of the pod's address,
/// and kept on disk for the next agent. A pod that says by itself where its namespace is, is left as it is.
/// </summary>
internal sealed class PodAttachments
{
    private readonly string _file;
    private readonly Dictionary<string, PodAttachment> _byPod;
    private readonly Dictionary<string, (Pod Declared, string Netns, Pod Placed)> _placed = new(StringComparer.Ordinal);

    private PodAttachments(string file, IEnumerable<PodAttachment> attachments)
    {
        _file = file;
        _byPod = attachments.ToDictionary(a => a.PodId, StringComparer.Ordinal);
    }

    public IReadOnlyCollection<PodAttachment> All => _byPod.Values;

    public static PodAttachments Load(StateDirectory state)
    {
        var file = Path.Combine(state.Agent, "attachments.json");
        try
        {
            using var stream = File.OpenRead(file);
            var known = JsonSerializer.Deserialize(stream, PodAttachmentJson.Default.PodAttachmentArray) ?? [];
            // After a restart of the machine none of them is there any more.
            return new PodAttachments(file, known.Where(a => File.Exists(a.Netns)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return new PodAttachments(file, []);
        }
    }

    public PodAttachment? Of(string podId) => _byPod.GetValueOrDefault(podId);

    /// <summary>A pod has one network: a newer sandbox takes the place of an older one.</summary>
    public void Add(PodAttachment attachment)
    {
        _byPod[attachment.PodId] = attachment;
        Save();
    }

    /// <summary>The attachment of this container; null when it was never announced, has been removed, or its pod has a newer sandbox.</summary>
    public PodAttachment? Remove(string containerId)
    {
        if (_byPod.Values.FirstOrDefault(a => a.ContainerId == containerId) is not { } found)
        {
            return null;
        }
        _byPod.Remove(found.PodId);
        Save();
        return found;
    }

    /// <summary>The resources, with the announced namespace written on each pod that does not name its own. What did not change stays the same instance.</summary>
    public ResourceSet Place(ResourceSet resources)
    {
        var pods = resources.Pods;
        foreach (var id in _placed.Keys.Where(id => !_byPod.ContainsKey(id)).ToList())
        {
            _placed.Remove(id);
        }
        foreach (var attachment in _byPod.Values)
        {
            if (pods.TryGetValue(attachment.PodId, out var pod) && IsOf(attachment, pod) && !pod.Metadata.Annotations.ContainsKey(MeshLabels.Netns))
            {
                pods = pods.SetItem(attachment.PodId, Placed(pod, attachment));
            }
        }
        return ReferenceEquals(pods, resources.Pods) ? resources : resources with { Pods = pods };
    }

    /// <summary>Whether the attachment is this pod's, not that of an earlier or later pod of the same name.</summary>
    public static bool IsOf(PodAttachment attachment, Pod pod) =>
        attachment.PodUid.Length == 0 || pod.Metadata.Uid is not { Length: > 0 } uid || uid == attachment.PodUid;

    private Pod Placed(Pod pod, PodAttachment attachment)
    {
        if (_placed.TryGetValue(attachment.PodId, out var known) && ReferenceEquals(known.Declared, pod) && known.Netns == attachment.Netns)
        {
            return known.Placed;
        }
        var annotations = new Dictionary<string, string>(pod.Metadata.Annotations, StringComparer.Ordinal) { [MeshLabels.Netns] = attachment.Netns };
        var placed = pod with { Metadata = pod.Metadata with { Annotations = annotations } };
        _placed[attachment.PodId] = (pod, attachment.Netns, placed);
        return placed;
    }

    private void Save()
    {
        var aside = _file + ".new";
        using (var stream = File.Create(aside))
        {
            JsonSerializer.Serialize(stream, [.. _byPod.Values], PodAttachmentJson.Default.PodAttachmentArray);
        }
        File.Move(aside, _file, overwrite: true);
    }
}

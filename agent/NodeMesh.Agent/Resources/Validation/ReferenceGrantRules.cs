using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Validation;

/// <summary>What the Gateway API's schema demands of a ReferenceGrant. One that can't be read grants nothing.</summary>
internal static class ReferenceGrantRules
{
    private const int MaxItems = 16;

    public static void Check(ReferenceGrantSpec spec, FieldErrors errors)
    {
        CheckCount("spec.from", spec.From.Count, errors);
        CheckCount("spec.to", spec.To.Count, errors);
        for (var i = 0; i < spec.From.Count; i++)
        {
            CheckKind($"spec.from[{i}]", spec.From[i].Kind, errors);
            if (!Names.IsDnsLabel(spec.From[i].Namespace))
            {
                errors.Add($"spec.from[{i}].namespace", $"\"{spec.From[i].Namespace}\" is no valid name of a namespace");
            }
        }
        for (var i = 0; i < spec.To.Count; i++)
        {
            CheckKind($"spec.to[{i}]", spec.To[i].Kind, errors);
            if (spec.To[i].Name?.Length == 0)
            {
                errors.Add($"spec.to[{i}].name", "is empty: leave it out to grant all of the kind");
            }
        }
    }

    private static void CheckCount(string field, int count, FieldErrors errors)
    {
        if (count == 0)
        {
            errors.Add(field, "is empty: a grant must say who may refer to what");
        }
        RouteRules.CheckCount(field, count, MaxItems, errors);
    }

    private static void CheckKind(string field, string kind, FieldErrors errors)
    {
        if (kind.Length == 0)
        {
            errors.Add($"{field}.kind", "is missing");
        }
    }
}

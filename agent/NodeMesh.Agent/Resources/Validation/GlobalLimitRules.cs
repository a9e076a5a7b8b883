using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Validation;

internal static class GlobalLimitRules
{
    private const string Field = "spec.global";

    public static void Check(GlobalLimits? limits, FieldErrors errors)
    {
        if (limits is null)
        {
            return;
        }
        if (!Names.IsDnsLabel(limits.Service.Name))
        {
            errors.Add($"{Field}.service.name", $"\"{limits.Service.Name}\" is no valid name of a Service");
        }
        ResourceRules.CheckPort($"{Field}.service.port", limits.Service.Port, errors);
        PolicyRules.CheckWord($"{Field}.onFailure", limits.OnFailure, ["Open", "Closed"], errors);
        PolicyRules.CheckDuration($"{Field}.timeout", limits.Timeout, errors);
        if (limits.Domain.Length == 0)
        {
            errors.Add($"{Field}.domain", "is missing");
        }
        if (limits.Descriptors.Count == 0)
        {
            errors.Add($"{Field}.descriptors", "is empty: there is nothing to ask about");
        }
        for (var i = 0; i < limits.Descriptors.Count; i++)
        {
            var field = $"{Field}.descriptors[{i}]";
            PolicyRules.CheckMatches($"{field}.matches", limits.Descriptors[i].Matches, errors);
            if (limits.Descriptors[i].Entries.Count == 0)
            {
                errors.Add($"{field}.entries", "is empty");
            }
            for (var e = 0; e < limits.Descriptors[i].Entries.Count; e++)
            {
                Check($"{field}.entries[{e}]", limits.Descriptors[i].Entries[e], errors);
            }
        }
    }

    private static void Check(string field, LimitEntry entry, FieldErrors errors)
    {
        if (entry.Key.Length == 0)
        {
            errors.Add($"{field}.key", "is missing");
        }
        if (entry.Value is null == entry.From is null)
        {
            errors.Add(field, "must have one of value and from");
        }
        if (entry.From is not null)
        {
            PolicyRules.CheckWord($"{field}.from", entry.From, ["ClientWorkload", "ClientAddress", "Header", "Path", "Method"], errors);
        }
        if (entry.From == "Header" && !Names.IsToken(entry.Name ?? ""))
        {
            errors.Add($"{field}.name", $"\"{entry.Name}\" is no header name");
        }
    }
}

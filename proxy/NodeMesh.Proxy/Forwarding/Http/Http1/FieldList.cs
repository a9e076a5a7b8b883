using System.Text;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// Fields in the order and case they came in. The list of one connection is used for each of its messages and keeps the strings of the last:
/// servers say nearly the same each time.
/// </summary>
internal sealed class FieldList
{
    private Field[] _fields = new Field[16];

    public int Count { get; private set; }

    public ref readonly Field this[int index] => ref _fields[index];

    public void Clear() => Count = 0;

    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Count == _fields.Length)
        {
            Array.Resize(ref _fields, Count * 2);
        }
        ref var field = ref _fields[Count++];
        if (field.Name is null || !Ascii.Equals(name, field.Name))
        {
            field.Name = FieldLines.Text(name);
        }
        if (field.Value is null || !Ascii.Equals(value, field.Value))
        {
            field.Value = FieldLines.Text(value);
        }
    }

    public void AppendToLast(ReadOnlySpan<byte> more)
    {
        ref var last = ref _fields[Count - 1];
        last.Value = string.Concat(last.Value, " ", FieldLines.Text(more)).Trim(' ');
    }

    /// <summary>Whether a field before this one has the same name.</summary>
    public bool IsRepeated(int index)
    {
        var name = _fields[index].Name;
        for (var earlier = 0; earlier < index; earlier++)
        {
            if (_fields[earlier].Name.Length == name.Length && _fields[earlier].Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }

    internal struct Field
    {
        public string Name;
        public string Value;
    }
}

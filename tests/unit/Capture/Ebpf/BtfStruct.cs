using System.Buffers.Binary;
using System.Text;

namespace NodeMesh.UnitTests.Capture.Ebpf;

/// <summary>Reads a struct's size and member offsets from the section .BTF of a 64-bit little-endian ELF object.</summary>
internal static class BtfStruct
{
    private const int Struct = 4; // BTF_KIND_*

    public static (int Size, Dictionary<string, int> Members) Read(byte[] elf, string name)
    {
        var btf = Section(elf, ".BTF");
        var header = Int(btf, 4); // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off
        var types = btf[(header + Int(btf, 8))..(header + Int(btf, 8) + Int(btf, 12))];
        var strings = btf[(header + Int(btf, 16))..];
        for (var at = 0; at < types.Length;)
        {
            // struct btf_type: name_off, info (kind in bits 24 to 28, vlen in 0 to 15), size; then what the kind demands
            var kind = (Int(types, at + 4) >> 24) & 0x1f;
            var count = Int(types, at + 4) & 0xffff;
            if (kind == Struct && Text(strings, Int(types, at)) == name)
            {
                var first = at + 12;
                return (Int(types, at + 8), Enumerable.Range(0, count).ToDictionary(
                    i => Text(strings, Int(types, first + (i * 12))),
                    i => (Int(types, first + (i * 12) + 8) & 0xffffff) / 8));
            }
            at += 12 + kind switch
            {
                1 or 14 or 17 => 4, // int, variable, declaration tag
                3 => 12, // array
                4 or 5 or 15 or 19 => count * 12, // struct, union, section, 64-bit enum
                6 or 13 => count * 8, // enum, function prototype
                _ => 0,
            };
        }
        throw new InvalidOperationException($"no struct {name} in the BTF");
    }

    private static byte[] Section(byte[] elf, string name)
    {
        // Elf64_Ehdr: e_shoff at 40, e_shentsize at 58, e_shnum at 60, e_shstrndx at 62. Elf64_Shdr: name 0, offset 24, size 32.
        int Header(int index) => Int(elf, 40) + (index * BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(58)));
        var names = elf[Int(elf, Header(BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(62))) + 24)..];
        var count = BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(60));
        var found = Enumerable.Range(0, count).Select(Header).First(header => Text(names, Int(elf, header)) == name);
        return elf[Int(elf, found + 24)..(Int(elf, found + 24) + Int(elf, found + 32))];
    }

    private static int Int(byte[] from, int offset) => BinaryPrimitives.ReadInt32LittleEndian(from.AsSpan(offset));

    private static string Text(byte[] strings, int offset) =>
        Encoding.UTF8.GetString(strings.AsSpan(offset)[..strings.AsSpan(offset).IndexOf((byte)0)]);
}

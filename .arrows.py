import ast,pathlib,collections
A=collections.defaultdict(set)
for f in pathlib.Path('theory').rglob('*.py'):
    a=f.parts[1].removesuffix('.py') if len(f.parts)==2 else f.parts[1]
    for n in ast.walk(ast.parse(f.read_text())):
        if isinstance(n,ast.ImportFrom) and n.module and n.module.startswith('theory'):
            p=n.module.split('.')
            for t in ([p[1]] if len(p)>1 else [x.name for x in n.names]):
                if t!=a and a not in('__init__',): A[a].add(t)
for k,v in sorted(A.items()): print(k,'->',sorted(v))

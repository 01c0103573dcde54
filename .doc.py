import theory,inspect,re
for n in theory.__all__:
    o=getattr(theory,n); d=inspect.getdoc(o) or ''
    f=o if inspect.isfunction(o) else None
    if f:
        ps=[p for p in inspect.signature(f).parameters]
        miss=[p for p in ps if not re.search(rf'^(\w+, )*{p}(, \w+)* :|^(\w+, )*{p}(, \w+)*$',d,re.M)]
        print(n, 'missing',miss if miss else '-', '' if 'Returns' in d else 'NO RETURNS')
